// The cases of a CMS task, by number: files of input/ and output/, or what gen/GEN says and the jury's programs make.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/packages/cms/gen_file.h"
#include "runtime/packages/reading/reading.h"

namespace evalrun::packages::cms {

// CMS's name of a case by its number, counted from 0: "007".
std::string codename(std::size_t number);

// Files in place of standard streams; "" is a stream.
struct Streams {
  std::string input_name, output_name;
};

// What makes inputs where the package has none, and whether each is looked at: cmsMake's programs in gen/.
struct Makers {
  std::optional<problem::ProgramIndex> generator;
  bool has_validator = false;
};
Makers find_makers(Reading& reading);

// After the kind of the task. The cases are in no group yet.
std::vector<problem::Case> cases_of(Reading& reading, const std::optional<Gen>& gen, std::size_t count,
                                    const Streams& streams, const Makers& makers);

}  // namespace evalrun::packages::cms
