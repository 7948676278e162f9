#!/bin/bash
# Inside the emulated machine, as process 1: mounts what a host has, runs the tests of /evalrun/tests.list as root and as
# an ordinary user whose control group was delegated to him, and writes what came of it to the second serial line.
set -u
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TMPDIR=/tmp LANG=C.UTF-8
export EVALRUN_SOURCE_DIR=/evalrun EVALRUN_BUILD_DIR=/evalrun/build

mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t cgroup2 -o nsdelegate cgroup /sys/fs/cgroup
mkdir -p /dev/shm /dev/pts
mount -t devpts devpts /dev/pts
chmod 1777 /tmp /var/tmp
mount -t tmpfs -o mode=1777 tmp /tmp
busybox ip link set lo up
busybox stty -F /dev/ttyS1 raw -echo

# The hierarchy as systemd leaves it: controllers handed down to groups that hold processes only at their ends.
echo "+memory +pids +cpu +cpuset" >/sys/fs/cgroup/cgroup.subtree_control
mkdir -p /sys/fs/cgroup/system/tests /sys/fs/cgroup/user/session
# What root uses has the controllers handed down already; what the user is given he must open himself.
echo "+memory +pids" >/sys/fs/cgroup/system/cgroup.subtree_control
# Delegation: a user gets the folder and these files, not the limits that hold for him (cgroup-v2.rst, "Delegation").
chown tester /sys/fs/cgroup/user /sys/fs/cgroup/user/session
for file in cgroup.procs cgroup.subtree_control cgroup.threads; do
  chown tester /sys/fs/cgroup/user/{,session/}"$file"
done

# A handler behind a pipe, as distributions have one: core_handler_test looks for its marks.
export EVALRUN_CORE_MARKS=/run/core-marks
mkdir -m 1777 "$EVALRUN_CORE_MARKS"
echo "|/core_handler.sh $EVALRUN_CORE_MARKS %P %s" >/proc/sys/kernel/core_pattern

report() { printf '%s\n' "$*" >/dev/ttyS1; }

# run_tests NAME GROUP [prefix of the command]
run_tests() {
  local name=$1 group=$2 passed=0 failed=0 skipped=0 test output status
  shift 2
  for test in $(</evalrun/tests.list); do
    output=/run/$name-$test.txt
    (
      echo 0 >"/sys/fs/cgroup/$group/cgroup.procs"
      cd /tmp && exec "$@" "/evalrun/build/tests/$test" --gtest_filter="-$left_out"
    ) >"$output" 2>&1
    status=$?
    passed=$((passed + $(grep -c '^\[       OK \]' "$output")))
    skipped=$((skipped + $(grep -c '^\[  SKIPPED \] .*ms)$' "$output")))
    failures=$(grep -c '^\[  FAILED  \] .*ms)$' "$output")
    if ((status != 0 && failures == 0)); then failures=1; fi
    failed=$((failed + failures))
    if ((failures)); then
      report "--- as $name: $test, status $status"
      cat "$output" >/dev/ttyS1
    else
      grep -A1 -h '^\[ RUN ' "$output" | grep -E 'Skipped|missing:' >/dev/ttyS1 || true
    fi
    report "$name $test: $(sed -n 's/^\[==========\] .* ran\. (\(.*\) total)$/\1/p' "$output")"
  done
  report "$name: $passed passed, $failed failed, $skipped skipped"
}

printf 'argv = ["/work/probe", "say", "ran"]\nfiles.probe = { from = "/evalrun/build/probes/probe", mode = "0755" }\n' >/run/plan.toml

# expect WHAT COMMAND STATUS PATTERN…: the command's status, and each pattern somewhere in what it says.
expect() {
  local what=$1 command=$2 wanted=$3 said status pattern
  shift 3
  said=$($command 2>&1)
  status=$?
  for pattern; do
    if [[ $status != "$wanted" ]] || ! grep -q -- "$pattern" <<<"$said"; then
      report "$what: status $status, and this is not said: $pattern" "$said"
      report "root: 0 passed, 1 failed, 0 skipped"
      return
    fi
  done
  report "$what: as promised: $(head -n 1 <<<"$said")"
}

run="/evalrun/build/evalrun run --format json /run/plan.toml"
accept="--set require.landlock_net=if-available --set require.landlock_scopes=if-available"
# shellcheck disable=SC2086  # words of a command line, here and where `expect` runs them
abi=$($run $accept | sed -n 's/.*"abi": \([0-9]*\).*/\1/p')
report "Linux $(uname -r), Landlock ABI ${abi:-unknown}"
# Ten thousand calls take minutes where the processor is emulated.
left_out='mediation.ten_thousand_*:mediation.an_address_rewritten_*'
if ((abi < 4)); then
  # Without Landlock's network rights a plan that requires them, as plans do by default, fails closed, and says so.
  expect "a plan that requires every layer" "$run" 3 landlock_net 'if-available' 'needs Landlock ABI 4'
  expect "a plan that accepts the lack" "$run $accept" 0 '"verdict": "OK"' '"net": "degraded: ' '"text": "ran'
  export EVALRUN_ACCEPT_MISSING="landlock_net landlock_scopes"
  narrowed="--set landlock.write=[\"/work\"]"
  expect "the doctor" "/evalrun/build/evalrun doctor" 1 'landlock_net  *no control of TCP ports' 'boot Linux 6.7 or newer'
  expect "a plan that narrows what may be written" "$run $accept $narrowed" 3 'truncation needs Landlock ABI 3'
  expect "a plan that accepts truncation" "$run $accept $narrowed --set require.landlock=if-available" 0 '"fs": "degraded: '
  # These narrow what may be written, which is refused here; or say what a kernel with every layer says. Without
  # Landlock's scopes init may be signalled, to no effect. The
  # script that stands in for evalrun needs descriptors of its own.
  left_out+=':attest.every_layer_says_enforced*:require.*:attest.init_cannot_be_signalled*:measurement.no_signal_reaches_init'
  left_out+=':filesystem.a_read_only_bind_cannot_be_written_and_landlock*:supervisor.too_few_descriptors*'
  left_out+=':files.landlock_lists_narrow*:mediation.landlocks_rules_hold_for_unix_sockets'
else
  expect "a plan that requires every layer" "$run" 0 '"verdict": "OK"' '"net": "enforced"' '"text": "ran'
fi

run_tests root system/tests
run_tests tester user/session setpriv --reuid 20001 --regid 20001 --clear-groups
left=$(find /sys/fs/cgroup -name 'evalrun-*' 2>/dev/null | wc -l)
report "control groups left behind: $left"
report DONE
sync
busybox poweroff -f
