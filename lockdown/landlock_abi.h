// The kernel's Landlock interface up to ABI 7, as data. Debian 12's linux/landlock.h ends at ABI 2, and what a program
// was compiled against must not decide what it enforces. Source: include/uapi/linux/landlock.h of Linux 6.15.
#pragma once

#include <cstddef>
#include <cstdint>

namespace evalrun::lockdown {

enum FsRight : std::uint64_t {
  kFsExecute = 1ULL << 0,
  kFsWriteFile = 1ULL << 1,
  kFsReadFile = 1ULL << 2,
  kFsReadDir = 1ULL << 3,
  kFsRemoveDir = 1ULL << 4,
  kFsRemoveFile = 1ULL << 5,
  kFsMakeChar = 1ULL << 6,
  kFsMakeDir = 1ULL << 7,
  kFsMakeReg = 1ULL << 8,
  kFsMakeSock = 1ULL << 9,
  kFsMakeFifo = 1ULL << 10,
  kFsMakeBlock = 1ULL << 11,
  kFsMakeSym = 1ULL << 12,
  kFsRefer = 1ULL << 13,     // ABI 2
  kFsTruncate = 1ULL << 14,  // ABI 3
  kFsIoctlDev = 1ULL << 15,  // ABI 5
};

enum NetRight : std::uint64_t {  // ABI 4
  kNetBindTcp = 1ULL << 0,
  kNetConnectTcp = 1ULL << 1,
};

enum Scope : std::uint64_t {  // ABI 6
  kScopeAbstractUnixSocket = 1ULL << 0,
  kScopeSignal = 1ULL << 1,
};

inline constexpr int kAbiTruncate = 3;
inline constexpr int kAbiNet = 4;
inline constexpr int kAbiScopes = 6;

struct RulesetAttributes {
  std::uint64_t handled_fs = 0;
  std::uint64_t handled_net = 0;
  std::uint64_t scoped = 0;
};

struct [[gnu::packed]] PathBeneath {
  std::uint64_t allowed;
  std::int32_t parent_fd;
};

struct NetPort {
  std::uint64_t allowed;
  std::uint64_t port;
};

inline constexpr int kRulePathBeneath = 1;
inline constexpr int kRuleNetPort = 2;
inline constexpr unsigned kCreateVersion = 1;

// Every file-system right that `abi` knows: what is handled here and granted nowhere is denied.
constexpr std::uint64_t fs_rights_of(int abi) {
  std::uint64_t rights = (kFsMakeSym << 1) - 1;
  if (abi >= 2) rights |= kFsRefer;
  if (abi >= 3) rights |= kFsTruncate;
  if (abi >= 5) rights |= kFsIoctlDev;
  return abi >= 1 ? rights : 0;
}

// The rights that mean something on a file; the others on a file's rule are EINVAL.
inline constexpr std::uint64_t kRightsOfFiles = kFsExecute | kFsWriteFile | kFsReadFile | kFsTruncate | kFsIoctlDev;

// The size that a kernel of `abi` accepts without looking for zeroes past its own end.
constexpr std::size_t ruleset_size_of(int abi) {
  return abi >= kAbiScopes ? 24 : abi >= kAbiNet ? 16 : 8;
}

}  // namespace evalrun::lockdown
