#!/usr/bin/env bash
# The driver of ./dev bench runs what it measures, tells what it cannot run, and leaves nothing behind. Argument: the build
# folder.
set -euo pipefail
root=${EVALRUN_SOURCE_DIR:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)}
build=$1
scratch=$(mktemp -d "${TMPDIR:-/tmp}/bench-test-XXXXXX")
trap 'rm -rf "$scratch"' EXIT
export TMPDIR=$scratch

contenders=bare,floor,floor_one,floor_command,cold,cold_bare,command
"$build/bench/bench" --build "$build" --only "$contenders" --rounds 2 --seconds 0.2 --live 3 --json "$scratch/figures.json" 2>/dev/null
for contender in ${contenders//,/ }; do
  grep -qE "\"id\":\"$contender\"[^{}]*\"error\":\"\",\"latency_us\":\[[0-9]+,[0-9]+\]" "$scratch/figures.json" ||
    { printf '%s was not measured twice\n' "$contender"; exit 1; }
done
grep -qE '"live":\{"sandboxes":3,' "$scratch/figures.json"
grep -qE '"inside":\{"outside":' "$scratch/figures.json"

if command -v python3 >/dev/null; then
  "$root/bench/report.py" "$scratch/figures.json" >"$scratch/table"
  grep -qE '^bare posix_spawn( +[0-9.]+){6}' "$scratch/table"
  grep -qE '^the command, over bubblewrap with seccomp +not measured +≤ 0.6 ×$' "$scratch/table"
  grep -qE '^in process, cold, no groups, over the floor.* ×  +(reached|UNSURE|NOT REACHED)$' "$scratch/table"
  # Two samples of one run, a microsecond each: the innermost part counts, and the fork server's is init's.
  printf 'evalrun \n\t10 do_mount\n\t20 evalrun::sandbox::step_mounts\n\t30 evalrun::sandbox::init_main\n\nevalrun-fork \n\t10 do_exit\n\n' |
    "$root/bench/profile.py" --runs 1 --frequency 1000000 --least 0 --program "$build/evalrun" >"$scratch/table"
  grep -qx '| init and target | | 2 |' "$scratch/table"
  grep -qx '| | mounts | 1 |' "$scratch/table"
  grep -qx '| | end of a process | 1 |' "$scratch/table"
  rm "$scratch/table"
fi

rm "$scratch/figures.json"
left=$(ls -A "$scratch")
[[ -z $left ]] || { printf 'left behind: %s\n' "$left"; exit 1; }

if "$build/bench/bench" --build "$build" --only nothing 2>"$scratch/said"; then
  printf 'it measured a contender that there is not\n'
  exit 1
fi
grep -qx 'bench: no contender "nothing"' "$scratch/said"

# Ctrl-C: it ends at once, and what it started and made goes with it.
"$build/bench/bench" --build "$build" --only bare,cold_bare --rounds 100000 --json "$scratch/figures.json" 2>/dev/null &
driver=$!
for ((i = 0; i < 100; ++i)); do
  workers=$(cat "/proc/$driver/task/$driver/children")
  [[ -z $workers ]] || break
  sleep 0.1
done
[[ -n $workers ]] || { printf 'it started no worker\n'; exit 1; }
kill -INT "$driver"
status=0
wait "$driver" || status=$?
((status == 130)) || { printf 'interrupted, it ended with %d\n' "$status"; exit 1; }
for worker in $workers; do
  [[ ! -e /proc/$worker ]] || { printf 'worker %d is still there\n' "$worker"; exit 1; }
done
rm "$scratch/said"
left=$(ls -A "$scratch")
[[ -z $left ]] || { printf 'left behind by the interrupted one: %s\n' "$left"; exit 1; }

# A larger share of the processor, where it may make the group for it.
if ((EUID == 0)) && grep -qE '^cgroup [^ ]+ cgroup [^ ]*\bcpu\b' /proc/mounts; then
  "$build/bench/bench" --build "$build" --only bare --rounds 1 --latency-only --weight 4 --json "$scratch/figures.json" 2>/dev/null &
  driver=$!
  wait "$driver"
  grep -q '"weight":4,' "$scratch/figures.json"
  left=$(find /sys/fs/cgroup -maxdepth 6 -name "evalrun-bench-$driver")
  [[ -z $left ]] || { printf 'left behind: %s\n' "$left"; exit 1; }
fi
