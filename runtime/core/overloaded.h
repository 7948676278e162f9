// One function for each alternative of a variant, for std::visit: an alternative without one does not compile.
#pragma once

namespace evalrun {

template <typename... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};
template <typename... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

}  // namespace evalrun
