"""Recursion: shallow and wide (queens on a board), memoised (partitions), and very deep (a linked list)."""

import sys
import threading
from functools import cache


def count_queens(size, row=0, columns=0, rising=0, falling=0):
    """In how many ways `size` queens stand on a board of that size; sets are the bits of integers."""
    if row == size:
        return 1
    solutions = 0
    free = ~(columns | rising | falling) & (1 << size) - 1
    while free:
        queen = free & -free
        free ^= queen
        solutions += count_queens(size, row + 1, columns | queen, (rising | queen) << 1, (falling | queen) >> 1)
    return solutions


@cache
def partitions(n, largest):
    """In how many ways n is a sum of positive integers, none above `largest`."""
    if n == 0:
        return 1
    return sum(partitions(n - part, part) for part in range(1, min(n, largest) + 1))


def depth(node):
    return 0 if node is None else 1 + depth(node[0])


def main():
    for size in (4, 6, 8):
        print(f"{size} queens: {count_queens(size)} solutions")
    print(f"partitions of 60: {partitions(60, 60):,}")

    try:
        depth_of_list = depth(make_list(2_000))
    except RecursionError as error:
        depth_of_list = type(error).__name__
    print(f"depth 2,000 with Python's own limit: {depth_of_list}")

    sys.setrecursionlimit(100_000)
    print(f"depth 50,000 with a higher one: {depth(make_list(50_000)):,}")


def make_list(length):
    node = None
    for _ in range(length):
        node = (node,)
    return node


if __name__ == "__main__":
    # The interpreter's deep recursion wants a deep stack.
    threading.stack_size(32 * 1024 * 1024)
    thread = threading.Thread(target=main)
    thread.start()
    thread.join()
