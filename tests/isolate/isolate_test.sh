#!/usr/bin/env bash
# evalrun-isolate does what isolate 2.6 did, but for differences.jsonl, and its boxes hold. $1: the build folder.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
for tool in /usr/bin/python3 /usr/bin/stat /usr/bin/mkfifo; do
  if ! [[ -x $tool ]]; then
    printf 'missing: %s\n' "$tool"
    if [[ ${EVALRUN_MUST_WORK-} == 1 ]]; then exit 1; fi
    exit 77
  fi
done
/usr/bin/python3 -I -B "$here/boxes_test.py" "$1"
exec /usr/bin/python3 -I -B "$here/compare.py" "$1/evalrun-isolate"
