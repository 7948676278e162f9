// On a machine that others use too: a larger share of the processor for this process and all that it starts, by a
// control group of the cpu controller (v1), which is made for it and removed. All contenders have it alike, those in
// sessions of their own too, which the kernel would otherwise weigh by the session (sched(7), autogroup).
#pragma once

#include <string>

namespace evalrun::bench {

class Weight {
 public:
  // `times` that of a neighbour; 1: nothing is done. Throws SystemError where there is no such group to be made.
  explicit Weight(unsigned times);
  ~Weight();
  Weight(const Weight&) = delete;
  Weight& operator=(const Weight&) = delete;

 private:
  std::string before_, folder_;
};

}  // namespace evalrun::bench
