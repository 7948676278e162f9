#!/usr/bin/env bash
# The completion offers the verbs, options and images of the binary. $1: the build folder.
set -euo pipefail

evalrun=$1/evalrun
completion=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)/docs/evalrun.bash
# shellcheck source=../../docs/evalrun.bash
source "$completion"
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

offers "batch calibrate check doctor exec explain fleet help image judge run schema serve submit trace worker" ""
offers "schema serve submit" s
offers "--help --version -h" -
offers "--format" run --fo
offers "--save-to" run --sa
offers "--journal" batch --jou
offers "completion input" batch jobs.jsonl --order ""
offers "completion" batch --order c
offers "--set" check plan.toml --s
offers "--json" schema --j
offers "--json" doctor --j
offers "--suggest" trace --su
offers "--grant --grant-write" trace --gr
offers "json text" run plan.toml --format ""
offers "json text" doctor --format ""
offers "json markdown text" schema --format ""
offers "json text" plan.toml --format ""
offers "check list packages" image ""
offers "cancel dead drain retry status" fleet ""
offers "batch contest course" submit --priority ""
offers "pypy python" image check py
offers "pypy python" exec -i py
offers "pypy python" exec --image py
offers "exec explain" help ex
offers "" run --set ""
offers "" schema ""
offers "" exec --cpu ""
touch main.py
offers "main.py" exec --file m
offers "main.py" exec -- python3 m
offers "" exec -- python3 --f
rm main.py
# Loaded as bash-completion does it, from within a function.
load() {
  # shellcheck source=../../docs/evalrun.bash
  source "$completion"
}
unset _evalrun_flags _evalrun_values _evalrun_groups _evalrun_arguments
load
offers "--journal" batch --jou

exit "$failed"
