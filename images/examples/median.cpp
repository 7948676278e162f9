// The running median of the numbers on standard input, with two heaps.
#include <bits/stdc++.h>

class RunningMedian {
 public:
  void add(double value) {
    if (low_.empty() || value <= low_.top()) {
      low_.push(value);
    } else {
      high_.push(value);
    }
    if (low_.size() > high_.size() + 1) move_top(low_, high_);
    if (high_.size() > low_.size()) move_top(high_, low_);
  }

  [[nodiscard]] double value() const {
    return low_.size() > high_.size() ? low_.top() : (low_.top() + high_.top()) / 2;
  }

 private:
  static void move_top(auto& from, auto& to) {
    to.push(from.top());
    from.pop();
  }

  std::priority_queue<double> low_;                                              // the lower half, its largest on top
  std::priority_queue<double, std::vector<double>, std::greater<double>> high_;  // the upper half, its smallest on top
};

int main() {
  RunningMedian median;
  for (double number; std::cin >> number;) {
    median.add(number);
    std::cout << "after " << number << ": " << median.value() << '\n';
  }
}
