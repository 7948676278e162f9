// The part of the recorder that has an interpreter prepared from inside (python_hook.h).
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "runtime/core/error.h"
#include "runtime/core/sys.h"
#include "runtime/core/text.h"
#include "runtime/snapshot/recorder.h"
#include "runtime/snapshot/restorer_image.h"
#include "runtime/snapshot/snapshot_error.h"

namespace evalrun::snapshot {

void Recorder::write(std::uint64_t address, const std::string& bytes) const {
  std::string copy = bytes;
  const iovec here{copy.data(), copy.size()};
  const iovec there{in_their_memory(address), copy.size()};
  if (::process_vm_writev(pid_, &here, 1, &there, 1, 0) != static_cast<ssize_t>(copy.size())) {
    throw SystemError("process_vm_writev", "an interpreter");
  }
}

// Memory that is not to be written to as well: the page becomes the process's own.
void Recorder::poke(std::uint64_t address, std::uint64_t word) const {
  if (::ptrace(PTRACE_POKEDATA, pid_, address, word) != 0) throw SystemError("ptrace", "write to an interpreter");
}

std::uint64_t Recorder::call_and_wait(std::uint64_t function, std::uint64_t argument, Standing& standing) {
  call_function(pid_, interrupted_->registers, function, argument, hook_return_address());
  go_on(Until::Return, standing);
  return result_of_function(pid_);
}

Recorder::Call Recorder::prepare(const Call& call, Standing& standing) {
  const std::optional<PythonFunctions> python = find_python(pid_);
  const bool must = !use_->preload.empty() || use_->loaded_ahead != LoadedAhead::Nothing;
  if (!python && must) throw SnapshotError("it has no functions by which modules could be loaded");
  if (!python) return call;
  interrupted_.emplace(Interrupted{save_registers(pid_), call.number, {}});
  standing.hook_frame = frame_of(pid_, call.number, has_alt_stack_ ? alt_stack_ : nullptr);
  skip_call(pid_);
  resume(PTRACE_SYSCALL);
  wait();  // it returns at once
  standing.hook.release = python->release;
  standing.hook.finalize = python->finalize;
  standing.hook.call = python->call;
  standing.hook.is_true = python->is_true;
  standing.hook.clear_error = python->clear_error;
  const std::string text = text_of_hook(*use_);
  const std::uint64_t copy = call_and_wait(python->allocate, text.size() + 1, standing);
  if (copy == 0) throw SnapshotError("it has no memory for what is to be loaded");
  write(copy, text + '\0');
  standing.hook.state = call_and_wait(python->ensure, 0, standing);
  interrupted_->hook = standing.hook;
  call_function(pid_, interrupted_->registers, python->run_text, copy, hook_return_address());
  const Call place = go_on(Until::Place, standing);
  patch_end(standing);
  interrupted_->hook = standing.hook;
  return place;
}

void Recorder::hear(Word word, std::uint64_t value, Standing& standing) const {
  switch (word) {
    case Word::WantsFalse:
    case Word::WantsTrue:
      if (standing.hook.count_of_questions == kMostQuestions) throw SnapshotError("it has too many questions");
      standing.hook.questions[standing.hook.count_of_questions++] = {value, word == Word::WantsTrue ? 1U : 0U};
      break;
    case Word::NotImported:
      throw SnapshotError("snapshot.preload: " +
                          (value < use_->preload.size() ? printable(use_->preload[value]) : std::string("a module")) +
                          " cannot be imported");
    case Word::NotLoaded: throw SnapshotError("evalrun's own program cannot be loaded");
    case Word::Place: break;
  }
}

// In this process too, so that the page is read as one that it has written to.
void Recorder::patch_end(Standing& standing) const {
  Hook& hook = standing.hook;
  if (hook.count_of_questions == 0) {
    hook.finalize = 0;
    return;
  }
  read(hook.finalize, &hook.first_bytes, sizeof hook.first_bytes);
  poke(hook.finalize, jump_to(hook_end_address(), hook.first_bytes));
}

// What the restorer does in a run that is restored.
void Recorder::go_back_from_hook() {
  const Interrupted interrupted = std::move(*interrupted_);
  interrupted_.reset();
  if (interrupted.hook.finalize != 0) poke(interrupted.hook.finalize, interrupted.hook.first_bytes);
  const auto await_return = [&] {
    resume(PTRACE_CONT);
    const int status = wait();
    if (WSTOPSIG(status) != SIGSEGV || instruction_pointer_of(pid_) != hook_return_address()) {
      throw SnapshotError("it does not come back from what it has loaded");
    }
  };
  await_return();
  call_function(pid_, interrupted.registers, interrupted.hook.release, interrupted.hook.state, hook_return_address());
  await_return();
  repeat_call(pid_, interrupted.registers, interrupted.number);
}

}  // namespace evalrun::snapshot
