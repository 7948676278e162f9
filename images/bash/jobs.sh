#!/usr/bin/env bash
# Processes: background jobs, exit codes, signals and traps, process substitution, a named pipe.
set -euo pipefail

work() {
  local sum=0 n
  for ((n = 1; n <= $1; n++)); do
    sum=$((sum + n))
  done
  echo "$sum" >"sum-$1"
  return $(($1 / 1000))
}

pids=()
for size in 1000 2000 3000; do
  work "$size" &
  pids+=($!)
done
for pid in "${pids[@]}"; do
  status=0
  wait "$pid" || status=$?
  echo "a job ended with $status"
done
echo "sums: $(cat sum-1000 sum-2000 sum-3000 | paste -s -d ' ')"

sleep 60 &
kill -TERM $!
status=0
wait $! || status=$?
echo "sleep ended with $status, which is signal $(kill -l "$status")"

bash -c 'trap "echo the child says goodbye" TERM; kill -TERM $$; echo the child goes on'

fruit() { printf '%s\n' "$@" | sort; }
echo "in both lists: $(comm -12 <(fruit plum cherry apple) <(fruit fig plum cherry) | paste -s -d ' ')"

mkfifo pipe
seq 5 >pipe &
echo "through the pipe: $(paste -s -d + <pipe)"
wait

coproc UPPER { while read -r line; do echo "${line^^}"; done; }
echo "are you there?" >&"${UPPER[1]}"
read -r answer <&"${UPPER[0]}"
echo "the coprocess answers: $answer"

status=0
timeout 0.1 sleep 60 || status=$?
echo "timeout's status: $status"
(exit 42) || echo "a subshell's status: $?"
