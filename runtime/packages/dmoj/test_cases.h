// The cases and batches of a DMOJ problem, listed in init.yml or found by the names of files.
#pragma once

#include <string>

#include "runtime/packages/dmoj/case_settings.h"

namespace evalrun::packages::dmoj {

// What init.yml says for all cases.
struct WholeFile {
  Settings settings = {};
  Words default_generator_args = {};
  std::string input_name = {}, output_name = {};  // in place of standard streams; "": a stream
};

void read_test_cases(Reading& reading, MapReader& yaml, WholeFile& whole);

}  // namespace evalrun::packages::dmoj
