#!/usr/bin/env bash
# `./dev test` gives tests an environment of their own, whatever that of the user who starts it.
set -euo pipefail

root=${EVALRUN_SOURCE_DIR:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)}
scratch=$(mktemp -d "${TMPDIR:-/tmp}/environment-test-XXXXXX")
trap 'rm -rf "$scratch"' EXIT
failed=0

mkdir "$scratch/build"
printf 'add_test(environment "/usr/bin/env")\n' >"$scratch/build/CTestTestfile.cmake"
PYTHONPATH=/odd PYTHONHOME=/odd LC_ALL=C LANG=tr_TR EVALRUN_IMAGES=/odd GTEST_FILTER=odd EVALRUN_MUST_WORK=1 \
  PATH="/odd:$PATH" "$root/dev" ctest "$scratch/build" "$scratch/report.xml" --verbose >"$scratch/output"
sed -n 's/^[0-9]*: //p' "$scratch/output" >"$scratch/environment"

for name in PYTHONPATH PYTHONHOME LC_ALL EVALRUN_IMAGES GTEST_FILTER; do
  if grep "^$name=" "$scratch/environment"; then failed=1; fi
done
if grep /odd "$scratch/environment"; then failed=1; fi
for line in LANG=C.UTF-8 EVALRUN_MUST_WORK=1 "TMPDIR=${TMPDIR:-/tmp}"; do
  grep -qxF "$line" "$scratch/environment" || {
    printf 'a test does not see %s\n' "$line"
    failed=1
  }
done
exit "$failed"
