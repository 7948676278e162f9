// How fast this host is, as figures that can be held against another host's, and what of it makes its times what they
// are.
//
// Each figure is the time of one operation in nanoseconds: the least of several rounds, since a neighbour can only make
// a round slower, and the spread of the rounds, which says how noisy the host is.
#pragma once

#include <string>
#include <vector>

namespace evalrun::fleet {

struct Figure {
  std::string name;  // "integer"
  std::string what;
  double nanoseconds = 0;
  double spread = 0;  // (median - least) / least
};

struct Calibration {
  std::vector<Figure> figures;
  std::string cpu_model, governor, smt, kernel;  // "" where the host does not say
};

// Takes some seconds of one core.
Calibration calibrate();

// A name for hosts whose times compare: of the processor, its governor and SMT, and the kernel's version. For
// --cpu-class.
std::string class_name_of(const Calibration& calibration);

std::string to_json(const Calibration& calibration);
std::string to_text(const Calibration& calibration);

}  // namespace evalrun::fleet
