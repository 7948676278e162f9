#include "lockdown/call_signature.h"

#include <linux/bpf.h>
#include <linux/keyctl.h>
#include <linux/ptrace.h>
#include <linux/reboot.h>
#include <linux/sched.h>

#include <algorithm>
#include <cstdio>
#include <span>
#include <string_view>

#include "runtime/core/text.h"

namespace evalrun::lockdown {
namespace {

struct NamedValue {
  std::string_view name;
  std::uint64_t value;
};

enum class Shape : std::uint8_t {
  Signed,    // an int: a descriptor, a pid, a count
  Unsigned,  // a size, in decimal
  Bits,      // an address or flags, in hexadecimal
  Text,      // a pointer to a string
  Choice,    // one of `names`, else a number
  Flags      // bits of `names`, the rest in hexadecimal
};

struct Parameter {
  std::string_view name;
  Shape shape;
  std::span<const NamedValue> names = {};
};

struct Signature {
  std::string_view call;
  std::span<const Parameter> parameters;
};

// ---- Names of values ------------------------------------------------------------------------------------------------

constexpr NamedValue kPtraceRequests[] = {
    {"PTRACE_TRACEME", PTRACE_TRACEME},
    {"PTRACE_PEEKTEXT", PTRACE_PEEKTEXT},
    {"PTRACE_PEEKDATA", PTRACE_PEEKDATA},
    {"PTRACE_PEEKUSR", PTRACE_PEEKUSR},
    {"PTRACE_POKETEXT", PTRACE_POKETEXT},
    {"PTRACE_POKEDATA", PTRACE_POKEDATA},
    {"PTRACE_POKEUSR", PTRACE_POKEUSR},
    {"PTRACE_CONT", PTRACE_CONT},
    {"PTRACE_KILL", PTRACE_KILL},
    {"PTRACE_GETREGS", 12},
    {"PTRACE_SETREGS", 13},
    {"PTRACE_ATTACH", PTRACE_ATTACH},
    {"PTRACE_DETACH", PTRACE_DETACH},
    {"PTRACE_SYSCALL", PTRACE_SYSCALL},
    {"PTRACE_SEIZE", PTRACE_SEIZE},
    {"PTRACE_INTERRUPT", PTRACE_INTERRUPT},
};

constexpr NamedValue kBpfCommands[] = {
    {"BPF_MAP_CREATE", BPF_MAP_CREATE},
    {"BPF_MAP_LOOKUP_ELEM", BPF_MAP_LOOKUP_ELEM},
    {"BPF_MAP_UPDATE_ELEM", BPF_MAP_UPDATE_ELEM},
    {"BPF_PROG_LOAD", BPF_PROG_LOAD},
    {"BPF_OBJ_GET", BPF_OBJ_GET},
    {"BPF_PROG_ATTACH", BPF_PROG_ATTACH},
    {"BPF_BTF_LOAD", BPF_BTF_LOAD},
};

constexpr NamedValue kKeyctlOperations[] = {
    {"KEYCTL_GET_KEYRING_ID", KEYCTL_GET_KEYRING_ID},
    {"KEYCTL_JOIN_SESSION_KEYRING", KEYCTL_JOIN_SESSION_KEYRING},
    {"KEYCTL_UPDATE", KEYCTL_UPDATE},
    {"KEYCTL_REVOKE", KEYCTL_REVOKE},
    {"KEYCTL_DESCRIBE", KEYCTL_DESCRIBE},
    {"KEYCTL_LINK", KEYCTL_LINK},
    {"KEYCTL_SEARCH", KEYCTL_SEARCH},
    {"KEYCTL_READ", KEYCTL_READ},
    {"KEYCTL_INSTANTIATE", KEYCTL_INSTANTIATE},
    {"KEYCTL_SESSION_TO_PARENT", KEYCTL_SESSION_TO_PARENT},
};

constexpr NamedValue kRebootCommands[] = {
    {"LINUX_REBOOT_CMD_RESTART", LINUX_REBOOT_CMD_RESTART},     {"LINUX_REBOOT_CMD_HALT", LINUX_REBOOT_CMD_HALT},
    {"LINUX_REBOOT_CMD_POWER_OFF", LINUX_REBOOT_CMD_POWER_OFF}, {"LINUX_REBOOT_CMD_CAD_ON", LINUX_REBOOT_CMD_CAD_ON},
    {"LINUX_REBOOT_CMD_CAD_OFF", LINUX_REBOOT_CMD_CAD_OFF},     {"LINUX_REBOOT_CMD_KEXEC", LINUX_REBOOT_CMD_KEXEC},
};

constexpr NamedValue kCloneFlags[] = {
    {"CLONE_NEWTIME", 0x80},
    {"CLONE_VM", CLONE_VM},
    {"CLONE_FS", CLONE_FS},
    {"CLONE_FILES", CLONE_FILES},
    {"CLONE_SIGHAND", CLONE_SIGHAND},
    {"CLONE_PTRACE", CLONE_PTRACE},
    {"CLONE_VFORK", CLONE_VFORK},
    {"CLONE_PARENT", CLONE_PARENT},
    {"CLONE_THREAD", CLONE_THREAD},
    {"CLONE_NEWNS", CLONE_NEWNS},
    {"CLONE_UNTRACED", CLONE_UNTRACED},
    {"CLONE_NEWCGROUP", CLONE_NEWCGROUP},
    {"CLONE_NEWUTS", CLONE_NEWUTS},
    {"CLONE_NEWIPC", CLONE_NEWIPC},
    {"CLONE_NEWUSER", CLONE_NEWUSER},
    {"CLONE_NEWPID", CLONE_NEWPID},
    {"CLONE_NEWNET", CLONE_NEWNET},
};

// linux/mount.h and sys/mount.h cannot be included together with glibc 2.36.
constexpr NamedValue kMountFlags[] = {
    {"MS_RDONLY", 1},        {"MS_NOSUID", 2},      {"MS_NODEV", 4},        {"MS_NOEXEC", 8},
    {"MS_REMOUNT", 32},      {"MS_BIND", 4096},     {"MS_MOVE", 8192},      {"MS_REC", 16384},
    {"MS_PRIVATE", 1 << 18}, {"MS_SLAVE", 1 << 19}, {"MS_SHARED", 1 << 20},
};
constexpr NamedValue kUmountFlags[] = {{"MNT_FORCE", 1}, {"MNT_DETACH", 2}, {"MNT_EXPIRE", 4}, {"UMOUNT_NOFOLLOW", 8}};

// ---- Signatures -----------------------------------------------------------------------------------------------------

constexpr Parameter kAddKey[] = {{"type", Shape::Text},
                                 {"description", Shape::Text},
                                 {"payload", Shape::Bits},
                                 {"size", Shape::Unsigned},
                                 {"keyring", Shape::Signed}};
constexpr Parameter kBpf[] = {{"cmd", Shape::Choice, kBpfCommands}, {"attr", Shape::Bits}, {"size", Shape::Unsigned}};
constexpr Parameter kClone[] = {{"flags", Shape::Flags, kCloneFlags}, {"stack", Shape::Bits}};
constexpr Parameter kDeleteModule[] = {{"name", Shape::Text}, {"flags", Shape::Bits}};
constexpr Parameter kFinitModule[] = {{"fd", Shape::Signed}, {"parameters", Shape::Text}, {"flags", Shape::Bits}};
constexpr Parameter kFsconfig[] = {{"fd", Shape::Signed},
                                   {"cmd", Shape::Signed},
                                   {"key", Shape::Text},
                                   {"value", Shape::Bits},
                                   {"aux", Shape::Signed}};
constexpr Parameter kFsmount[] = {{"fd", Shape::Signed}, {"flags", Shape::Bits}, {"attributes", Shape::Bits}};
constexpr Parameter kFsopen[] = {{"type", Shape::Text}, {"flags", Shape::Bits}};
constexpr Parameter kInitModule[] = {{"image", Shape::Bits}, {"size", Shape::Unsigned}, {"parameters", Shape::Text}};
constexpr Parameter kKexecFileLoad[] = {{"kernel", Shape::Signed},
                                        {"initrd", Shape::Signed},
                                        {"size", Shape::Unsigned},
                                        {"command_line", Shape::Bits},
                                        {"flags", Shape::Bits}};
constexpr Parameter kKexecLoad[] = {
    {"entry", Shape::Bits}, {"segments", Shape::Unsigned}, {"segment", Shape::Bits}, {"flags", Shape::Bits}};
constexpr Parameter kKeyctl[] = {{"operation", Shape::Choice, kKeyctlOperations},
                                 {"arg2", Shape::Bits},
                                 {"arg3", Shape::Bits},
                                 {"arg4", Shape::Bits},
                                 {"arg5", Shape::Bits}};
constexpr Parameter kMount[] = {{"source", Shape::Text},
                                {"target", Shape::Text},
                                {"type", Shape::Text},
                                {"flags", Shape::Flags, kMountFlags},
                                {"data", Shape::Bits}};
constexpr Parameter kMountSetattr[] = {{"folder", Shape::Signed},
                                       {"path", Shape::Text},
                                       {"flags", Shape::Bits},
                                       {"attributes", Shape::Bits},
                                       {"size", Shape::Unsigned}};
constexpr Parameter kMoveMount[] = {{"from_folder", Shape::Signed},
                                    {"from_path", Shape::Text},
                                    {"to_folder", Shape::Signed},
                                    {"to_path", Shape::Text},
                                    {"flags", Shape::Bits}};
constexpr Parameter kOpenByHandle[] = {{"mount", Shape::Signed}, {"handle", Shape::Bits}, {"flags", Shape::Bits}};
constexpr Parameter kPathAt[] = {{"folder", Shape::Signed}, {"path", Shape::Text}, {"flags", Shape::Bits}};
constexpr Parameter kPerfEventOpen[] = {{"attributes", Shape::Bits},
                                        {"pid", Shape::Signed},
                                        {"cpu", Shape::Signed},
                                        {"group", Shape::Signed},
                                        {"flags", Shape::Bits}};
constexpr Parameter kPivotRoot[] = {{"new_root", Shape::Text}, {"put_old", Shape::Text}};
constexpr Parameter kPtrace[] = {
    {"request", Shape::Choice, kPtraceRequests}, {"pid", Shape::Signed}, {"addr", Shape::Bits}, {"data", Shape::Bits}};
constexpr Parameter kReboot[] = {
    {"magic", Shape::Bits}, {"magic2", Shape::Bits}, {"cmd", Shape::Choice, kRebootCommands}, {"arg", Shape::Bits}};
constexpr Parameter kRequestKey[] = {
    {"type", Shape::Text}, {"description", Shape::Text}, {"callout", Shape::Text}, {"keyring", Shape::Signed}};
constexpr Parameter kSetns[] = {{"fd", Shape::Signed}, {"type", Shape::Flags, kCloneFlags}};
constexpr Parameter kUmount2[] = {{"target", Shape::Text}, {"flags", Shape::Flags, kUmountFlags}};
constexpr Parameter kUnshare[] = {{"flags", Shape::Flags, kCloneFlags}};
constexpr Parameter kUserfaultfd[] = {{"flags", Shape::Bits}};

constexpr Signature kSignatures[] = {
    {"add_key", kAddKey},
    {"bpf", kBpf},
    {"clone", kClone},
    {"delete_module", kDeleteModule},
    {"finit_module", kFinitModule},
    {"fsconfig", kFsconfig},
    {"fsmount", kFsmount},
    {"fsopen", kFsopen},
    {"fspick", kPathAt},
    {"init_module", kInitModule},
    {"kexec_file_load", kKexecFileLoad},
    {"kexec_load", kKexecLoad},
    {"keyctl", kKeyctl},
    {"mount", kMount},
    {"mount_setattr", kMountSetattr},
    {"move_mount", kMoveMount},
    {"open_by_handle_at", kOpenByHandle},
    {"open_tree", kPathAt},
    {"open_tree_attr", kPathAt},
    {"perf_event_open", kPerfEventOpen},
    {"pivot_root", kPivotRoot},
    {"ptrace", kPtrace},
    {"reboot", kReboot},
    {"request_key", kRequestKey},
    {"setns", kSetns},
    {"umount2", kUmount2},
    {"unshare", kUnshare},
    {"userfaultfd", kUserfaultfd},
};
static_assert(std::ranges::is_sorted(kSignatures, {}, &Signature::call));

const Signature* signature_of(std::string_view call) {
  const auto found = std::ranges::find(kSignatures, call, &Signature::call);
  return found != std::end(kSignatures) ? found : nullptr;
}

std::string hexadecimal(std::uint64_t value) {
  char digits[19];
  std::snprintf(digits, sizeof digits, "0x%llx", static_cast<unsigned long long>(value));
  return digits;
}

// The kernel reads the low half of an int.
std::string as_int(std::uint64_t value) {
  return std::to_string(static_cast<std::int32_t>(value));
}

std::string choice(std::uint64_t value, std::span<const NamedValue> names) {
  const auto low = static_cast<std::uint32_t>(value);
  for (const NamedValue& name : names) {
    if (static_cast<std::uint32_t>(name.value) == low) return std::string(name.name);
  }
  return as_int(value);
}

std::string flags(std::uint64_t value, std::span<const NamedValue> names) {
  std::string text;
  for (const NamedValue& name : names) {
    if ((value & name.value) == 0) continue;
    text += (text.empty() ? "" : "|") + std::string(name.name);
    value &= ~name.value;
  }
  if (value == 0 && !text.empty()) return text;
  return text + (text.empty() ? "" : "|") + hexadecimal(value);
}

// One line, whatever the program wrote there.
std::string quoted_line(const std::string& bytes) {
  std::string text = one_line(bytes);
  for (std::size_t at = 0; (at = text.find('"', at)) != std::string::npos; at += 4) text.replace(at, 1, "\\x22");
  return "\"" + text + "\"";
}

std::string decode(const Parameter& parameter, std::uint64_t value, const ReadText& read_text) {
  switch (parameter.shape) {
    case Shape::Signed: return as_int(value);
    case Shape::Unsigned: return std::to_string(value);
    case Shape::Bits: return hexadecimal(value);
    case Shape::Choice: return choice(value, parameter.names);
    case Shape::Flags: return flags(value, parameter.names);
    case Shape::Text:
      if (value == 0) return "NULL";
      if (const std::optional<std::string> text = read_text(value)) return quoted_line(*text);
      return hexadecimal(value);
  }
  return "?";
}

}  // namespace

bool has_signature(const std::string& call) {
  return signature_of(call) != nullptr;
}

std::string decode_call(const std::string& call, const CallArguments& arguments, const ReadText& read_text) {
  std::string text = call + "(";
  const Signature* signature = signature_of(call);
  const std::size_t count = signature != nullptr ? signature->parameters.size() : arguments.size();
  for (std::size_t i = 0; i < count; ++i) {
    if (i != 0) text += ", ";
    if (signature == nullptr) {
      text += hexadecimal(arguments.at(i));
    } else {
      const Parameter& parameter = signature->parameters[i];
      text += std::string(parameter.name) + "=" + decode(parameter, arguments.at(i), read_text);
    }
  }
  return text + ")";
}

}  // namespace evalrun::lockdown
