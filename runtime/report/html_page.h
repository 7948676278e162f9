// The two constant parts of an HTML report: its style and its script. The page's Content-Security-Policy names both by
// their hashes, so that nothing else in the page is styled or run.
#pragma once

#include <string_view>

namespace evalrun::report {

extern const std::string_view kPageStyle;
extern const std::string_view kPageScript;

}  // namespace evalrun::report
