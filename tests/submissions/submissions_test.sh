#!/usr/bin/env bash
# Submissions as students hand them in get the right verdict and a useful excerpt, in one pass of a batch.
# $1: the build folder.
set -euo pipefail

command -v python3 >/dev/null || exit 77
status=0
python3 "$(dirname "${BASH_SOURCE[0]}")/check.py" "$1/evalrun" || status=$?
if [[ $status == 77 && ${EVALRUN_MUST_WORK-} == 1 ]]; then exit 1; fi
exit "$status"
