// Four ways to sort the same million numbers must agree with each other.
#include <bits/stdc++.h>

using Numbers = std::vector<std::uint32_t>;

Numbers random_numbers(std::size_t count) {
  std::mt19937 generator(2024);  // the same sequence everywhere, by the standard
  Numbers numbers(count);
  std::generate(numbers.begin(), numbers.end(), std::ref(generator));
  return numbers;
}

Numbers merge_sorted(Numbers numbers) {
  Numbers buffer(numbers.size());
  for (std::size_t width = 1; width < numbers.size(); width *= 2) {
    for (std::size_t left = 0; left < numbers.size(); left += 2 * width) {
      auto begin = numbers.begin() + std::ptrdiff_t(left);
      auto middle = numbers.begin() + std::ptrdiff_t(std::min(left + width, numbers.size()));
      auto end = numbers.begin() + std::ptrdiff_t(std::min(left + 2 * width, numbers.size()));
      std::merge(begin, middle, middle, end, buffer.begin() + std::ptrdiff_t(left));
    }
    numbers.swap(buffer);
  }
  return numbers;
}

Numbers radix_sorted(Numbers numbers) {
  Numbers buffer(numbers.size());
  for (unsigned shift = 0; shift < 32; shift += 8) {
    std::array<std::size_t, 257> starts{};
    for (auto n : numbers) ++starts[(n >> shift & 0xff) + 1];
    std::partial_sum(starts.begin(), starts.end(), starts.begin());
    for (auto n : numbers) buffer[starts[n >> shift & 0xff]++] = n;
    numbers.swap(buffer);
  }
  return numbers;
}

Numbers heap_sorted(Numbers numbers) {
  std::ranges::make_heap(numbers);
  std::ranges::sort_heap(numbers);
  return numbers;
}

std::uint64_t checksum(const Numbers& numbers) {
  return std::accumulate(numbers.begin(), numbers.end(), std::uint64_t{14695981039346656037ULL},
                         [](std::uint64_t hash, std::uint32_t n) { return (hash ^ n) * 1099511628211ULL; });
}

int main() {
  const Numbers numbers = random_numbers(1'000'000);
  Numbers expected = numbers;
  std::ranges::sort(expected);

  const std::vector<std::pair<std::string, std::function<Numbers(Numbers)>>> sorts = {
      {"merge", merge_sorted}, {"radix", radix_sorted}, {"heap", heap_sorted}};
  for (const auto& [name, sort] : sorts) {
    std::cout << std::left << std::setw(6) << name << (sort(numbers) == expected ? "agrees" : "DIFFERS") << '\n';
  }
  std::cout << "smallest " << expected.front() << ", median " << expected[expected.size() / 2] << ", largest "
            << expected.back() << '\n';
  std::cout << "checksum " << std::hex << checksum(expected) << '\n';
}
