#!/usr/bin/env bash
# The driver of ./dev bench runs what it measures, tells what it cannot run, and leaves nothing behind. Argument: the build
# folder.
set -euo pipefail
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

rm "$scratch/figures.json"
left=$(ls -A "$scratch")
[[ -z $left ]] || { printf 'left behind: %s\n' "$left"; exit 1; }

if "$build/bench/bench" --build "$build" --only nothing 2>"$scratch/said"; then
  printf 'it measured a contender that there is not\n'
  exit 1
fi
grep -qx 'bench: no contender "nothing"' "$scratch/said"
