// The rules of --dir and --env: what the program sees of the host's folders and of the caller's environment.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace evalrun::isolate {

enum class DirKind {
  Bind,     // `outside` is a path of the host, or one relative to the box's folder
  Tmp,      // a folder of the box that lives as long as the box
  Proc,     // the sandbox's own /proc
  Tmpfs,    // an empty folder in memory
  Devices,  // the sandbox's own /dev
  Nothing,  // the rule takes away another one
};

struct DirRule {
  std::string inside = {};   // without the first slash
  std::string outside = {};  // of Bind: "/usr", "./box"; of Tmp: "./tmp/NAME"
  DirKind kind = DirKind::Bind;
  bool may_write = false, may_execute = true, may_be_missing = false, is_default = false;
};

class DirRules {
 public:
  DirRules();  // the default ones

  // Throws WrongUsage, and Fatal for what no sandbox of evalrun gives.
  void add(const std::string& argument);
  void leave_defaults_out() noexcept { with_defaults_ = false; }

  // Those that count, in their order.
  [[nodiscard]] std::vector<DirRule> rules() const;

 private:
  void set(DirRule rule);

  std::vector<DirRule> rules_;
  bool with_defaults_ = true;
};

class EnvRules {
 public:
  // NAME: the caller's; NAME=VALUE; NAME=: not set. Throws WrongUsage.
  void add(const std::string& argument);
  void inherit_all() noexcept { inherits_all_ = true; }

  // The program's environment, given the caller's as "NAME=VALUE", null at the end.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> apply(const char* const* caller) const;

 private:
  std::vector<std::pair<std::string, std::optional<std::string>>> rules_ = {{"LIBC_FATAL_STDERR_", "1"}};
  bool inherits_all_ = false;
};

}  // namespace evalrun::isolate
