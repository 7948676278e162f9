// A program that links operator_new.cc has an operator new that fails when it is told to.
#pragma once

namespace evalrun::test {

// Asked before each allocation; the program defines it. Must not allocate.
bool next_allocation_fails() noexcept;

}  // namespace evalrun::test
