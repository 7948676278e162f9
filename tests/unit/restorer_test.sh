#!/usr/bin/env bash
# The restorer of snapshots: one small segment that is never written to, at the place that the format says, nothing of a C
# library in it, and no system call but those that this list names. Argument: the build folder.
set -euo pipefail
root=${EVALRUN_SOURCE_DIR:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)}
program=$1/runtime/snapshot/evalrun_restorer
if [[ ! -e $program ]]; then
  echo "no restorer in $1: this is a copy without it"
  exit 77
fi

fail() {
  printf '%s\n' "$*"
  exit 1
}

# readelf prints: LOAD offset address physical filesize memorysize flags alignment
mapfile -t segments < <(readelf --wide --segments "$program" | awk '$1 == "LOAD"')
((${#segments[@]} == 1)) || fail "expected one segment, found ${#segments[@]}"
read -r _ offset address _ file_size memory_size flags <<<"${segments[0]}"
begin=$(sed -n 's/^inline constexpr std::uint64_t kBegin = \(0x[0-9a-f]*\);$/\1/p' "$root/runtime/snapshot/format.h")
((offset == 0)) || fail "the segment does not begin with the file: $offset"
((address == begin + 0x1000)) || fail "the segment is not one page after kBegin: $address"
((file_size == memory_size)) || fail "the restorer has memory of its own: nobody maps it"
((file_size <= 8192)) || fail "the restorer is larger than two pages: $file_size bytes"
[[ $flags == R\ E* ]] || fail "the segment is not read and executed alone: $flags"
readelf --wide --dynamic "$program" | grep -q 'no dynamic section' || fail "the restorer is linked dynamically"

# All of them are on the whitelist (tests/golden/whitelist-strict.txt): a restore needs no right of its own.
made=$(grep -ohE 'SYS_[a-z0-9_]+' "$root"/runtime/snapshot/restorer{,_hook}.cc | sed 's/^SYS_//' | sort -u | tr '\n' ' ')
expected='arch_prctl brk close execve exit_group fstat mmap mprotect mremap openat personality pread64 read rseq rt_sigaction set_robust_list set_tid_address write '
[[ $made == "$expected" ]] || fail "expected the calls $expected" "found $made"
for call in $expected munmap rt_sigreturn getrusage clock_gettime; do
  grep -qE "(^|[^a-z0-9_])$call([^a-z0-9_]|$)" "$root/tests/golden/whitelist-strict.txt" || fail "$call is not on the whitelist"
done
