// The fork server: a small process that clones inits and keepers for one supervisor
// (docs/decisions/020-fork-server.md). What a clone costs grows with the memory and the descriptors of whoever is
// cloned; this one has next to none of either.
//
// Theory of operation. The program (fork_server_program.cc) is linked by itself, at an address where nothing else lies,
// and embedded here. A child of the supervisor copies it there, goes on in it, and gives all other memory back. It is
// not executed: execve would give it an exit signal (SIGCHLD), and all its clones with it. It serves requests over a
// socket (cloning.h); its clones are children of the supervisor. What a clone shares with the supervisor comes as a
// file, to be mapped at the same address.
//
// A run never fails for want of it: what cannot be cloned by it is cloned by the supervisor.
#pragma once

#include <optional>
#include <span>
#include <utility>

#include "runtime/sandbox/cloner.h"
#include "runtime/warm/cloning_process.h"

namespace evalrun::warm {

// Of one event loop, as are the runs that it serves. Started with the first of them: it has the identity, limits,
// namespaces, cores and control groups that its supervisor has then.
class ForkServer final : public sandbox::Cloner {
 public:
  ForkServer();
  // Its clones live on.
  ~ForkServer() override = default;
  ForkServer(const ForkServer&) = delete;
  ForkServer& operator=(const ForkServer&) = delete;

  // Where no memory can be had for a child that is to be cloned by the server, it is for one that this process clones.
  sandbox::Arena make_arena() override;
  // By this process where the server cannot.
  sandbox::SandboxProcess clone(const sandbox::CloneRequest& request, const sandbox::ChildEnds& ends, int clone_into,
                                sandbox::Arena& arena) override;
  std::optional<Deputy> clone_deputy(const sandbox::CloneRequest& request, std::span<const int> descriptors,
                                     const Fd& memory) override;

  // Of the one that runs; -1: none.
  [[nodiscard]] pid_t pid() const noexcept { return is_usable() ? server_->pid() : -1; }

 private:
  [[nodiscard]] bool is_usable() const noexcept { return server_ && server_->is_usable(); }
  void start();
  // What `ask` makes with the server; empty where that cannot be.
  template <typename Ask>
  auto asked(Ask ask) -> std::optional<decltype(ask(std::declval<CloningProcess&>()))>;

  std::optional<CloningProcess> server_;
  pid_t thread_ = -1;      // that has started it: whoever is cloned dies with that thread
  unsigned failures_ = 0;  // in a row
  std::uintptr_t next_place_;
};

}  // namespace evalrun::warm
