#include "runtime/isolate/rules.h"

#include <algorithm>
#include <string_view>

#include "runtime/isolate/failure.h"

namespace evalrun::isolate {
namespace {

std::vector<std::string> split(const std::string& text, char by) {
  std::vector<std::string> parts{""};
  for (const char c : text) {
    if (c == by) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

struct Written {  // of one rule, before it is understood
  std::string in;
  std::optional<std::string> out;
  bool rw = false, noexec = false, fs = false, maybe = false, dev = false, tmp = false;
};

Written read(const std::string& argument) {
  const std::vector<std::string> parts = split(argument, ':');
  Written rule;
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const std::string& option = parts[i];
    if (option == "rw") {
      rule.rw = true;
    } else if (option == "noexec") {
      rule.noexec = true;
    } else if (option == "fs") {
      rule.fs = true;
    } else if (option == "maybe") {
      rule.maybe = true;
    } else if (option == "dev") {
      rule.dev = true;
    } else if (option == "tmp") {
      rule.tmp = true;
    } else if (option != "norec") {  // a bind of evalrun's takes along what is mounted below it, read-only as it is
      throw WrongUsage("Invalid directory rule '" + argument + "': Unknown option '" + option + "'");
    }
  }
  const std::size_t equals = parts[0].find('=');
  rule.in = parts[0].substr(0, equals);
  if (equals != std::string::npos) rule.out = parts[0].substr(equals + 1);
  return rule;
}

// Without leading slashes; throws where the path is empty or would lead out of the sandbox.
std::string inside_path(const std::string& argument, const std::string& path) {
  const std::size_t first = path.find_first_not_of('/');
  std::string inside = first == std::string::npos ? "" : path.substr(first);
  const std::vector<std::string> parts = split(inside, '/');
  if (inside.empty() || std::ranges::find(parts, "..") != parts.end()) {
    throw WrongUsage("Invalid directory rule '" + argument + "': Invalid path");
  }
  return inside;
}

DirKind kind_of_file_system(const std::string& argument, const Written& rule) {
  const auto refuse = [&](const std::string& why) -> DirKind {
    throw WrongUsage("Invalid directory rule '" + argument + "': " + why);
  };
  if (!rule.out || rule.out->empty()) return refuse("Missing filesystem name");
  if (*rule.out == "proc") return DirKind::Proc;
  if (*rule.out == "tmpfs") return DirKind::Tmpfs;
  if (*rule.out != "sysfs" && *rule.out != "devpts") return refuse("This filesystem is not supported");
  throw Fatal("Cannot mount " + *rule.out + " on " + rule.in + ": no sandbox of evalrun shows it");
}

}  // namespace

DirRules::DirRules() {
  rules_ = {
      {.inside = "box", .outside = "./box", .may_write = true},
      {.inside = "bin", .outside = "/bin"},
      {.inside = "dev", .kind = DirKind::Devices},
      {.inside = "dev/shm", .kind = DirKind::Tmpfs, .may_write = true},
      {.inside = "lib", .outside = "/lib"},
      {.inside = "lib64", .outside = "/lib64", .may_be_missing = true},
      {.inside = "proc", .kind = DirKind::Proc},
      {.inside = "tmp", .outside = "./tmp/tmp", .kind = DirKind::Tmp, .may_write = true},
      {.inside = "usr", .outside = "/usr"},
  };
  for (DirRule& rule : rules_) rule.is_default = true;
}

void DirRules::set(DirRule rule) {
  const auto same = std::ranges::find(rules_, rule.inside, &DirRule::inside);
  if (same == rules_.end()) {
    rules_.push_back(std::move(rule));
  } else {
    *same = std::move(rule);
  }
}

void DirRules::add(const std::string& argument) {
  const auto refuse = [&](const std::string& why) {
    throw WrongUsage("Invalid directory rule '" + argument + "': " + why);
  };
  const Written written = read(argument);
  DirRule rule;
  rule.may_write = written.rw;
  rule.may_execute = !written.noexec;
  rule.may_be_missing = written.maybe;
  if (written.fs && written.tmp) refuse("Flags 'fs' and 'tmp' are mutually exclusive");
  if (written.fs) {
    rule.kind = kind_of_file_system(argument, written);
    rule.inside = inside_path(argument, written.in);
  } else if (written.tmp) {
    if (written.out) refuse("Temporary directory mounts do not have a right-hand side");
    rule.kind = DirKind::Tmp;
    rule.may_write = true;
    rule.inside = inside_path(argument, written.in);
    // A flat folder of them: nothing is made in a folder that an earlier run could have changed.
    std::string name = written.in;
    std::ranges::replace(name, '/', ':');
    rule.outside = "./tmp/" + name;
  } else {
    rule.inside = inside_path(argument, written.in);
    rule.outside = written.out ? *written.out : "/" + rule.inside;
    if (rule.outside.empty()) {
      rule.kind = DirKind::Nothing;
    } else if (!rule.outside.starts_with("/") && !rule.outside.starts_with("./")) {
      refuse("Right-hand side must start with '/' or './'");
    }
  }
  if (written.dev)
    throw Fatal("Cannot mount " + rule.inside + " with devices: no sandbox of evalrun gives access to them");
  set(std::move(rule));
}

std::vector<DirRule> DirRules::rules() const {
  std::vector<DirRule> counting;
  std::ranges::copy_if(rules_, std::back_inserter(counting), [&](const DirRule& rule) {
    return rule.kind != DirKind::Nothing && (with_defaults_ || !rule.is_default);
  });
  return counting;
}

void EnvRules::add(const std::string& argument) {
  const std::size_t equals = argument.find('=');
  if (equals == 0) throw WrongUsage("Invalid environment specified: " + argument);
  if (equals == std::string::npos) {
    rules_.emplace_back(argument, std::nullopt);
  } else {
    rules_.emplace_back(argument.substr(0, equals), argument.substr(equals + 1));
  }
}

std::vector<std::pair<std::string, std::string>> EnvRules::apply(const char* const* caller) const {
  std::vector<std::pair<std::string, std::string>> inherited;
  for (; caller != nullptr && *caller != nullptr; ++caller) {
    const std::string_view variable = *caller;
    const std::size_t equals = variable.find('=');
    if (equals == std::string_view::npos || equals == 0) continue;
    inherited.emplace_back(variable.substr(0, equals), variable.substr(equals + 1));
  }
  using Variable = std::pair<std::string, std::string>;
  std::vector<Variable> environment = inherits_all_ ? inherited : std::vector<Variable>{};
  for (const auto& rule : rules_) {
    const std::string& name = rule.first;
    const std::optional<std::string>& value = rule.second;
    std::erase_if(environment, [&](const Variable& each) { return each.first == name; });
    if (value) {
      if (!value->empty()) environment.emplace_back(name, *value);
      continue;
    }
    const auto found = std::ranges::find(inherited, name, &Variable::first);
    if (found != inherited.end()) environment.push_back(*found);
  }
  return environment;
}

}  // namespace evalrun::isolate
