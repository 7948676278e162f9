"""Reads orders as JSON from standard input, sums them up and prints a report, again as JSON."""

import json
import sys
from collections import defaultdict
from dataclasses import asdict, dataclass
from decimal import Decimal


@dataclass
class Customer:
    name: str
    orders: int = 0
    spent: Decimal = Decimal("0.00")


def report(orders):
    customers = {}
    sold = defaultdict(int)
    for order in orders:
        customer = customers.setdefault(order["customer"], Customer(order["customer"]))
        customer.orders += 1
        for line in order["lines"]:
            customer.spent += Decimal(line["price"]) * line["count"]
            sold[line["item"]] += line["count"]
    by_spending = sorted(customers.values(), key=lambda c: (-c.spent, c.name))
    return {"customers": [asdict(c) for c in by_spending], "sold": dict(sold)}


def main():
    orders = json.load(sys.stdin)["orders"]
    text = json.dumps(report(orders), indent=2, sort_keys=True, ensure_ascii=False, default=str)
    assert json.loads(text)["sold"]["pen"] == 12
    print(text)


if __name__ == "__main__":
    main()
