// What was thrown, as a sandbox error.
#include <new>

#include "runtime/supervise/result.h"

namespace evalrun::supervise {

SandboxFault fault_of(const std::exception_ptr& what) {
  try {
    std::rethrow_exception(what);
  } catch (const HostError& error) {
    return fault_of(error);
  } catch (const SystemError& error) {
    return fault_of(error);
  } catch (const std::bad_alloc&) {
    return {"supervisor", "allocate", "memory", ENOMEM, true};
  } catch (const std::exception& error) {
    return {"supervisor", error.what(), "", 0, false};
  } catch (...) {
    return {"supervisor", "something unknown", "", 0, false};
  }
}

}  // namespace evalrun::supervise
