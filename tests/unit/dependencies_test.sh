#!/usr/bin/env bash
# What folders include is what runtime/arrows.txt says. CMake links by that list, and docs/architecture.md shows it.
set -euo pipefail
root=${EVALRUN_SOURCE_DIR:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)}
arrows=$root/runtime/arrows.txt

# included FOLDER: the folders that the C++ of FOLDER includes, one a line.
included() {
  find "$root/$1" -maxdepth 1 \( -name '*.cc' -o -name '*.h' -o -name '*.hh' \) -exec grep -ohE '^#include "[^"]+/' {} + |
    sed 's/#include "//; s/\/$//' | sort -u | grep -vxF "$1" || true
}

# violations FILE: what is wrong with the list in FILE, one finding a line.
violations() {
  local folder below listed=" " line
  while IFS= read -r line; do
    [[ $line =~ ^[a-z] ]] || continue
    folder=${line%%:*}
    read -ra below <<<"${line#*:}"
    for name in "${below[@]}"; do
      # A folder stands below all that include it, so there is no arrow up and no circle.
      [[ $listed == *" $name "* ]] || printf '%s includes %s, which does not stand above it in the list\n' "$folder" "$name"
    done
    listed+="$folder "
    diff <(printf '%s\n' "${below[@]}" | sed '/^$/d' | sort) <(included "$folder") |
      sed -n "s/^>/$(sed 's/\//\\\//g' <<<"$folder") includes without an arrow:/p; s/^</$(sed 's/\//\\\//g' <<<"$folder") has an arrow that nothing needs:/p"
  done <"$1"
  while read -r folder; do
    [[ $listed == *" $folder "* ]] || printf '%s is not in the list\n' "$folder"
  done < <(cd "$root" && find runtime rootfs netns lockdown -name '*.cc' -printf '%h\n' | sort -u)
}

failed=0
found=$(violations "$arrows")
if [[ -n $found ]]; then
  printf '%s\n' "$found"
  failed=1
fi

# The page shows the same list.
diff <(grep '^[a-z]' "$arrows") <(sed -n '/^<!-- arrows -->/,/^<!-- end -->/p' "$root/docs/architecture.md" | grep '^[a-z]') || {
  printf 'docs/architecture.md shows other arrows than runtime/arrows.txt\n'
  failed=1
}

# The check itself can fail: a list without an arrow, upside down, or with a folder left out is reported.
broken=$(mktemp)
trap 'rm -f "$broken"' EXIT
expect_finding() {
  [[ -n $(violations "$broken") ]] || {
    printf 'a broken list was not noticed: %s\n' "$1"
    failed=1
  }
}
sed '/^runtime\/sandbox:/s/ runtime\/core//' "$arrows" >"$broken"
expect_finding "an arrow is missing"
tac "$arrows" >"$broken"
expect_finding "upside down"
sed '/^runtime\/cli:/d' "$arrows" >"$broken"
expect_finding "a folder is missing"

exit "$failed"
