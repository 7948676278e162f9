#!/usr/bin/env bash
# The completion offers the verbs, options and images of the binary. $1: the build folder.
set -euo pipefail

evalrun=$1/evalrun
# shellcheck source=../../docs/evalrun.bash
source "$(dirname "${BASH_SOURCE[0]}")/../../docs/evalrun.bash"
cd "$(mktemp -d)"
trap 'rmdir "$PWD"' EXIT
failed=0

# offers EXPECTED WORDS…: what is offered for the last word, sorted.
offers() {
  COMP_WORDS=(evalrun "${@:2}")
  COMP_CWORD=$(($# - 1))
  _evalrun "$evalrun"
  local offered
  offered=$(printf '%s\n' "${COMPREPLY[@]}" | sort | xargs)
  if [[ $offered != "$1" ]]; then
    printf 'completion of "evalrun %s": expected "%s", found "%s"\n' "${*:2}" "$1" "$offered"
    failed=1
  fi
}

offers "batch check doctor explain image run schema trace" ""
offers "schema" s
offers "--help --version -h" -
offers "--format" run --fo
offers "--save-to" run --sa
offers "--journal" batch --jou
offers "completion input" batch jobs.jsonl --order ""
offers "--set" check plan.toml --s
offers "--json" schema --j
offers "--json" doctor --j
offers "--suggest" trace --su
offers "--grant --grant-write" trace --gr
offers "json text" run plan.toml --format ""
offers "check list" image ""
offers "python" image check py

exit "$failed"
