// The least number of coins that make an amount: reads the amount, then the coins.
#include <algorithm>
#include <iostream>
#include <vector>

int main() {
  int amount = 0;
  std::cin >> amount;
  std::vector<int> least(static_cast<std::size_t>(amount) + 1, -1);
  least[0] = 0;
  std::vector<int> coins;
  for (int coin = 0; std::cin >> coin;) coins.push_back(coin);
  for (int sum = 1; sum <= amount; ++sum) {
    for (const int coin : coins) {
      if (coin > sum || least[sum - coin] < 0) continue;
      const int count = least[sum - coin] + 1;
      least[sum] = least[sum] < 0 ? count : std::min(least[sum], count);
    }
  }
  if (least[amount] < 0) {
    std::cout << "impossible\n";
  } else {
    std::cout << least[amount] << "\n";
  }
}
