#!/usr/bin/env bash
# The code between clone3 and execve uses nothing of the C library that allocates, locks or touches thread-local state: every
# undefined symbol of its objects is another of its functions or one of the few named here. For what the fork server clones
# its link shows that: it has no C library. Argument: the build folder.
set -euo pipefail
build=$1

# Pure functions on memory.
allowed='memcpy|memset|memcmp|memmove|strlen|_GLOBAL_OFFSET_TABLE_'

objects=$(find "$build" -path '*.dir/*' \( -path '*evalrun_rootfs.dir/steps.cc.o' -o -path '*evalrun_netns.dir/steps.cc.o' \
  -o -path '*evalrun_rootfs.dir/placing.cc.o' \
  -o -path '*evalrun_lockdown.dir/steps.cc.o' -o -path '*evalrun_sandbox.dir/child.cc.o' \
  -o -path '*evalrun_warm.dir/become_fork_server.cc.o' -o -path '*evalrun_sandbox.dir/cloning.cc.o' \
  -o -path '*evalrun_sandbox.dir/child_report.cc.o' -o -path '*evalrun_sandbox.dir/init.cc.o' \
  -o -path '*evalrun_sandbox.dir/keeper.cc.o' -o -path '*evalrun_sandbox.dir/messages.cc.o' \
  -o -path '*evalrun_mediate.dir/deputy.cc.o' -o -path '*evalrun_mediate.dir/address_policy.cc.o' \
  -o -path '*evalrun_groups.dir/janitor_process.cc.o' -o -path '*evalrun_measure.dir/exit_tracer_process.cc.o' \
  -o -path '*evalrun_measure.dir/namespace_visit.cc.o' \))
if [[ -z $objects ]]; then
  echo "no object files in $build: this is a copy without them"
  exit 77
fi
[[ $(wc -l <<<"$objects") == 16 ]] || { printf 'expected sixteen objects, found:\n%s\n' "$objects"; exit 1; }

# shellcheck disable=SC2086
defined=$(nm --defined-only $objects | awk 'NF == 3 { print $3 }' | sort -u)
# shellcheck disable=SC2086
used=$(nm --undefined-only $objects | awk 'NF == 2 { print $2 }' | sort -u)
strange=$(comm -23 <(printf '%s\n' "$used") <(printf '%s\n' "$defined") | grep -vxE "$allowed" || true)
if [[ -n $strange ]]; then
  printf 'child code uses:\n%s\n' "$(c++filt <<<"$strange")"
  exit 1
fi
