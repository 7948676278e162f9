#include "runtime/core/error.h"

#include "runtime/library/state.h"

namespace evalrun {
namespace {

ErrorDetails details_of(const PlanError& error) {
  ErrorDetails details{.kind = ErrorKind::Plan};
  details.file = error.position().file;
  details.line = error.position().line;
  details.column = error.position().column;
  details.key = error.key();
  return details;
}

ErrorDetails details_of(ErrorKind kind, const supervise::SandboxFault& fault) {
  ErrorDetails details{.kind = kind};
  details.stage = fault.stage;
  details.operation = fault.operation;
  details.subject = fault.subject;
  details.error = fault.error;
  details.retryable = fault.retryable;
  return details;
}

}  // namespace

Error::Error(const std::string& message, ErrorDetails details)
    : std::runtime_error(message), details_(std::make_shared<const ErrorDetails>(std::move(details))) {}

void throw_translated() {
  try {
    throw;
  } catch (const Error&) {
    throw;
  } catch (const PlanError& error) {
    throw Error(error.what(), details_of(error));
  } catch (const HostError& error) {
    throw Error(error.what(), details_of(ErrorKind::Host, supervise::fault_of(error)));
  } catch (const std::exception& error) {
    throw Error(error.what(), details_of(ErrorKind::System, supervise::fault_of(std::current_exception())));
  }
}

}  // namespace evalrun
