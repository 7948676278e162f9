#!/usr/bin/env bash
# A file of Python's tests, in an interpreter that sees nothing of this user's: no environment, no packages of his own.
# $1: the build folder, $2: the test, such as "run". Every warning is an error, and so is anything on standard error.
set -euo pipefail

build=$1
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
python=/usr/bin/python3

if ! [[ -x $python ]]; then
  printf 'missing: %s\n' "$python"
  if [[ ${EVALRUN_MUST_WORK-} == 1 ]]; then exit 1; fi
  exit 77
fi
errors=$(mktemp)
trap 'rm -f "$errors"' EXIT
status=0
PYTHONDONTWRITEBYTECODE=1 "$python" -I -B -X dev -W error "$here/$2_test.py" "$build" 2>"$errors" || status=$?
if [[ -s $errors ]]; then
  printf 'on standard error:\n'
  cat "$errors"
  ((status != 0)) || status=1
fi
exit "$status"
