// How a result's JSON is written.
#pragma once

namespace evalrun::report {

// As people look at it, with a newline at its end; or as one line of many, without.
enum class Layout { Indented, OneLine };

}  // namespace evalrun::report
