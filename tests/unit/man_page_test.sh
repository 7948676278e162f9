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

# section NAME WORDS…: the lines in one section of `evalrun WORDS --help`, without their indent.
section() {
  "$evalrun" "${@:2}" --help | sed -n "/^$1:/,/^\$/s/^  \([^ ].*\)/\1/p"
}

# of_page NAME: the lines of one section of the page.
of_page() {
  sed -n "/^\.SH $1\$/,/^\.SH /p" <<<"$page"
}

mapfile -t verbs < <(section Verbs | sed 's/   *.*//')
((${#verbs[@]} > 10)) || fail "found only the verbs: ${verbs[*]}"
options=$'-h\n--help\n--version\n'
for verb in "${verbs[@]}"; do
  grep -qE "^\.B evalrun $verb( |\$)" <<<"$(of_page COMMANDS)" || fail "COMMANDS has no entry \"evalrun $verb\""
  grep -qE "^evalrun $verb( |\$)" <<<"$(of_page SYNOPSIS)" || fail "SYNOPSIS has no line \"evalrun $verb\""
  read -ra words <<<"$verb"
  while read -r option; do
    # An entry names the verbs that take the option.
    lines=$(of_page OPTIONS | grep -A1 -E "^\.B (-[a-z], )?$option( |\$)" || true)
    grep -qE "(^|, )$verb(, [a-z ,]*)?: |^Print this help" <<<"$lines" ||
      fail "OPTIONS has no entry $option of $verb"
    options+=$option$'\n'
  done < <(section Options "${words[@]}" | grep -oE '^(-[a-z], )?--[a-z-]+' | sed 's/^-[a-z], //')
  while read -r short; do options+=$short$'\n'; done < <(section Options "${words[@]}" | grep -oE '^-[a-z]\b')
done

entries=$(of_page OPTIONS | grep -A1 -x '\.TP' | grep '^\.B ' | grep -oE '(^|[ ,])--?[a-z][a-z-]*' | tr -d ' ,' | sort -u)
diff <(grep . <<<"$options" | sort -u) <(printf '%s\n' "$entries") || fail "these options differ: < in the help, > in the page"
! grep -n '^@' <<<"$page" || fail "a section of the template was not filled in"
if command -v groff >/dev/null; then
  warnings=$(groff -man -Tutf8 -ww "$(dirname "${BASH_SOURCE[0]}")/../../docs/evalrun.1" 2>&1 >/dev/null)
  [[ -z $warnings ]] || fail "groff warns: $warnings"
fi

exit "$failed"
