#!/usr/bin/env bash
# The manual page names every verb and option that the binary's help names, and no other. $1: the build folder.
set -euo pipefail

evalrun=$1/evalrun
page=$(sed 's/\\-/-/g; s/\\f.//g' "$(dirname "${BASH_SOURCE[0]}")/../../docs/evalrun.1")
failed=0

fail() {
  printf 'man page: %s\n' "$*"
  failed=1
}

# section NAME WORDS…: the first words of the lines in one section of `evalrun WORDS --help`.
section() {
  "$evalrun" "${@:2}" --help | sed -n "/^$1:/,/^\$/s/^  \([a-z-][^ ]*\).*/\1/p" | tr ',' '\n'
}

# Every verb that has no verbs of its own, each as one line: "run", "image list".
verbs() {
  local verb inner
  for verb in $(section Subcommands "$@"); do
    inner=$(verbs "$@" "$verb")
    printf '%s\n' "${inner:-$* $verb}"
  done
}

mapfile -t verbs < <(verbs | sed 's/^ //')
((${#verbs[@]} > 3)) || fail "found only the verbs: ${verbs[*]}"
options=$(section Options)
for verb in "${verbs[@]}"; do
  grep -qE "^\.(B|BI|BR) \"?evalrun $verb\b" <<<"$page" || fail "has no entry \"evalrun $verb\""
  read -ra words <<<"$verb"
  options+=$'\n'$(section Options "${words[@]}")
done

entries=$(grep -A1 -x '\.TP' <<<"$page" | grep -oE '(^|[ ,"])--?[a-z][a-z-]*' | tr -d ' ,"' | sort -u)
diff <(sort -u <<<"$options") <(printf '%s\n' "$entries") || fail "these options differ: < in the help, > in the page"

exit "$failed"
