// Threads in several shapes: tasks with futures, a shared atomic counter, a barrier, and an exception carried across.
#include <atomic>
#include <barrier>
#include <cstdint>
#include <future>
#include <iostream>
#include <numeric>
#include <stdexcept>
#include <thread>
#include <vector>

// How many numbers of [from, to) are the sum of two squares greater than zero.
int sums_of_squares(int from, int to) {
  int found = 0;
  for (int n = from; n < to; ++n) {
    bool is_sum = false;
    for (int a = 1; a * a < n && !is_sum; ++a) {
      int b = a;
      while (a * a + b * b < n) ++b;
      is_sum = a * a + b * b == n;
    }
    found += is_sum ? 1 : 0;
  }
  return found;
}

int main() {
  std::vector<std::future<int>> parts;
  for (int part = 0; part < 8; ++part) {
    parts.push_back(std::async(std::launch::async, sums_of_squares, part * 1000, (part + 1) * 1000));
  }
  int total = 0;
  for (auto& part : parts) total += part.get();
  std::cout << "sums of two squares below 8000: " << total << '\n';

  // Hillis and Steele's prefix sum: each round reads what the round before wrote, so all threads wait for each other.
  std::vector<std::uint64_t> values(8), next(8);
  std::iota(values.begin(), values.end(), 1U);
  std::barrier round(8, [&]() noexcept { values.swap(next); });
  std::atomic<int> rounds = 0;
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < values.size(); ++i) {
      threads.emplace_back([&, i] {
        for (std::size_t distance = 1; distance < values.size(); distance *= 2) {
          next[i] = values[i] + (i >= distance ? values[i - distance] : 0);
          ++rounds;
          round.arrive_and_wait();
        }
      });
    }
  }
  std::cout << "prefix sums:";
  for (auto value : values) std::cout << ' ' << value;
  std::cout << " (" << rounds << " steps)\n";

  auto failing = std::async(std::launch::async, []() -> int { throw std::runtime_error("thrown in a thread"); });
  try {
    failing.get();
  } catch (const std::runtime_error& error) {
    std::cout << "caught: " << error.what() << '\n';
  }
}
