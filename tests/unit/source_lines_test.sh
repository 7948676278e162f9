#!/usr/bin/env bash
# A source has one idea, so none has more than 500 lines. Tables are longer: they are one idea in many rows.
set -euo pipefail
root=${EVALRUN_SOURCE_DIR:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)}
most=500

# The tables, and what a row is for.
declare -A tables=(
  [runtime/reader/key_rows.cc]="a row for each key of a plan"
  [runtime/usage/command_table.cc]="a row for each verb, flag and exit status of the command"
  [lockdown/call_table.cc]="a row for each system call"
)

# longer_than LINES: the sources with more lines than that, one a line, after their number of lines.
longer_than() {
  (cd "$root" && find runtime lockdown netns rootfs \( -name '*.cc' -o -name '*.h' \) -exec wc -l {} +) |
    awk -v most="$1" '$2 != "total" && $1 > most { print $1, $2 }' | sort -k 2
}

failed=0
declare -A is_long=()
while read -r lines file; do
  [[ -n $file ]] || continue
  is_long[$file]=1
  [[ -n ${tables[$file]:-} ]] && continue
  printf '%s has %s lines: it has more than one idea; give each a file of its own\n' "$file" "$lines"
  failed=1
done < <(longer_than "$most")
for file in "${!tables[@]}"; do
  [[ -n ${is_long[$file]:-} ]] && continue
  printf '%s is listed as a long table (%s), and it is not there or not long\n' "$file" "${tables[$file]}"
  failed=1
done

# The check itself can fail: under half the bound there are sources that are no tables.
found=$(longer_than $((most / 2)) | wc -l)
if ((found <= ${#tables[@]})); then
  printf 'no source has more than %s lines: the check sees nothing\n' $((most / 2))
  failed=1
fi

exit "$failed"
