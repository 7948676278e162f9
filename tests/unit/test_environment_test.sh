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
for line in LANG=C.UTF-8 PYTHONNOUSERSITE=1 EVALRUN_MUST_WORK=1 "TMPDIR=${TMPDIR:-/tmp}"; do
  grep -qxF "$line" "$scratch/environment" || {
    printf 'a test does not see %s\n' "$line"
    failed=1
  }
done
# A hook of the home folder, as pip makes them, is run by Python and by no test.
if python=$(command -v /usr/bin/python3); then
  site=$scratch/home/$(HOME='' "$python" -c 'import sys; print(".local/lib/python%d.%d/site-packages" % sys.version_info[:2])')
  mkdir -p "$site"
  printf 'import sys; sys.stdout.write("hooked\\n")\n' >"$site/hook.pth"
  printf 'add_test(environment "%s" "-c" "print(7)")\n' "$python" >"$scratch/build/CTestTestfile.cmake"
  hooked=$(HOME=$scratch/home env -u PYTHONNOUSERSITE "$python" -c 'print(7)')
  HOME=$scratch/home "$root/dev" ctest "$scratch/build" "$scratch/report.xml" --verbose >"$scratch/output"
  [[ $hooked == *hooked* ]] || printf 'this Python runs no hook of the home folder\n'
  if grep -x '[0-9]*: hooked' "$scratch/output" || ! grep -qx '[0-9]*: 7' "$scratch/output"; then
    printf 'a hook of the home folder was run\n'
    failed=1
  fi
fi
exit "$failed"
