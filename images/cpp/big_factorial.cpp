// Factorials of the numbers on standard input, with decimal arithmetic of any length.
#include <cstdint>
#include <iomanip>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

class BigNumber {
 public:
  explicit BigNumber(std::uint32_t value) : limbs_{value} {}

  BigNumber& operator*=(std::uint32_t factor) {
    std::uint64_t carry = 0;
    for (auto& limb : limbs_) {
      carry += std::uint64_t{limb} * factor;
      limb = static_cast<std::uint32_t>(carry % kBase);
      carry /= kBase;
    }
    if (carry != 0) limbs_.push_back(static_cast<std::uint32_t>(carry));
    return *this;
  }

  [[nodiscard]] std::string decimal() const {
    std::ostringstream text;
    text << limbs_.back();
    for (auto limb = limbs_.rbegin() + 1; limb != limbs_.rend(); ++limb) {
      text << std::setw(9) << std::setfill('0') << *limb;
    }
    return text.str();
  }

 private:
  static constexpr std::uint64_t kBase = 1'000'000'000;
  std::vector<std::uint32_t> limbs_;  // nine decimal digits each, the lowest first
};

std::string factorial(unsigned n) {
  BigNumber product(1);
  for (unsigned factor = 2; factor <= n; ++factor) product *= factor;
  return product.decimal();
}

int main() {
  for (unsigned n; std::cin >> n;) {
    const std::string digits = factorial(n);
    unsigned digit_sum = 0;
    for (char digit : digits) digit_sum += static_cast<unsigned>(digit - '0');
    std::cout << n << "! = ";
    if (digits.size() <= 40) {
      std::cout << digits;
    } else {
      std::cout << digits.substr(0, 20) << "... (" << digits.size() << " digits)";
    }
    std::cout << ", digit sum " << digit_sum << '\n';
  }
}
