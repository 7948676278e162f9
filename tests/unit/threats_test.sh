#!/usr/bin/env bash
# docs/threats.md against the tree, both ways: its rows are numbered without a gap, each names tests that exist or says
# why none can; and each "Row N" in a test's comment is a row that names that test. A table without its tests, or with
# one test renamed, is refused: that is tried on copies at the end.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
scratch=$(mktemp -d "${TMPDIR:-/tmp}/evalrun-threats-XXXXXX")
trap 'rm -rf "$scratch"' EXIT

# The tests' sources, in a fixed order.
sources() {
  find "$root/tests" -name '*.cc' | LC_ALL=C sort
}

# Every test as "Suite.name file", and every row of the table of verdicts as "verdict name file".
names() {
  # shellcheck disable=SC2046  # paths of this tree, without spaces of their own
  awk '
    FNR == 1 { rest = "" }
    { line = rest $0; rest = "" }
    line ~ /^TEST(_F|_P)?\([A-Za-z0-9_]+,$/ { rest = line " "; next }
    line ~ /^TEST(_F|_P)?\(/ {
      sub(/^TEST(_F|_P)?\(/, "", line); sub(/\).*/, "", line); gsub(/ /, "", line); sub(/,/, ".", line)
      print line, FILENAME
    }
    FILENAME ~ /tests\/verdicts\/rows\.cc$/ {
      while (match($0, /(ok|re|sv|over)\("[A-Za-z0-9_]+"/)) {
        name = substr($0, RSTART, RLENGTH); sub(/^[a-z]+\("/, "", name); sub(/"$/, "", name)
        print "verdict:" name, FILENAME
        $0 = substr($0, RSTART + RLENGTH)
      }
      if (match($0, /changed_source\("[A-Za-z0-9_]+"/)) {
        name = substr($0, RSTART + 16, RLENGTH - 17)
        print "verdict:" name, FILENAME
      }
    }' $(sources)
}

# Every row as "NUMBER TEST" for each test, or "NUMBER -" where none can be; complaints go to the standard error.
rows() {
  awk -F' [|] ' '
    /^[|] [0-9]+ [|]/ {
      number = $1; sub(/^[|] /, "", number)
      if (number != ++last) { printf "row %s follows row %d\n", number, last - 1 | "cat >&2"; last = number }
      if (NF != 6) printf "row %s has %d columns\n", number, NF | "cat >&2"
      tests = $NF; sub(/ [|]$/, "", tests)
      if (tests ~ /^not applicable: [^`]+$/) { print number, "-"; next }
      count = split(tests, list, /, /)
      if (count == 0) printf "row %s names no test\n", number | "cat >&2"
      for (i = 1; i <= count; ++i) {
        if (list[i] !~ /^`(verdict )?[A-Za-z0-9_.]+`$/) { printf "row %s: no test: %s\n", number, list[i] | "cat >&2"; continue }
        gsub(/`/, "", list[i]); sub(/^verdict /, "verdict:", list[i])
        print number, list[i]
      }
    }
    END { if (last < 146) printf "the table ends at row %d\n", last | "cat >&2" }' "$1"
}

# Every citation as "NUMBER TEST FILE": the rows that a comment names, and the test that follows it.
citations() {
  # shellcheck disable=SC2046
  awk '
    FNR == 1 { cited = "" }
    /^ *\/\// && /[Rr]ows? [0-9]/ {
      text = $0
      sub(/^.*[Rr]ows? /, "", text)
      sub(/[:.(].*/, "", text)
      gsub(/ and /, ", ", text)
      count = split(text, list, /, */)
      for (i = 1; i <= count; ++i) {
        from = to = list[i]
        if (list[i] ~ / to /) { sub(/ to .*/, "", from); sub(/.* to /, "", to) }
        for (n = from + 0; n <= to + 0; ++n) if (n > 0) cited = cited " " n
      }
    }
    /^TEST(_F|_P)?\(/ && cited != "" {
      line = $0
      sub(/^TEST(_F|_P)?\(/, "", line); sub(/\).*/, "", line); gsub(/ /, "", line); sub(/,/, ".", line)
      count = split(cited, list, " ")
      for (i = 1; i <= count; ++i) print list[i], line, FILENAME
      cited = ""
    }' $(sources)
}

# check PAGE: what is wrong with it, one line each.
check() {
  { rows "$1" >"$scratch/rows"; } 2>&1
  awk 'NR == FNR { known[$1]; next } $2 != "-" && !($2 in known) { print "row " $1 " names a test that is not there: " $2 }' \
    "$scratch/names" "$scratch/rows"
  awk 'NR == FNR { row[$1 " " $2]; next } !($1 " " $2 in row) { print $3 ": row " $1 " does not name " $2 }' \
    "$scratch/rows" "$scratch/citations"
}

names >"$scratch/names"
citations >"$scratch/citations"
count=$(wc -l <"$scratch/citations")
((count >= 100)) || { echo "only $count citations of rows were found in the tests"; exit 1; }

wrong=$(check "$root/docs/threats.md")
[[ -z $wrong ]] || { printf '%s\n' "$wrong"; exit 1; }

# refuses WHAT COMMAND…: a copy of the page that the command changed is found to be wrong.
refuses() {
  local what=$1
  shift
  "$@" "$root/docs/threats.md" >"$scratch/changed.md"
  ! cmp -s "$root/docs/threats.md" "$scratch/changed.md" || { echo "nothing was changed for: $what"; exit 1; }
  [[ -n $(check "$scratch/changed.md") ]] || { echo "not seen: $what"; exit 1; }
}
# shellcheck disable=SC2016  # Markdown's backticks
{
  refuses "a row that is missing" sed '/^| 57 |/d'
  refuses "a test that was renamed" sed 's/attest\.mountinfo_is_the_layout/attest.mountinfo_was_the_layout/'
  refuses "a row without a test" sed 's/^\(| 16 | .*\)`verdict a_source_was_replaced` |$/\1 |/'
  refuses "a row of verdicts that is not there" sed 's/verdict x32_call/verdict x64_call/'
  refuses "a row that a test cites and that names another" sed 's/^\(| 48 | .*\)`[^`]*` |$/\1`outcome.follows_from_the_facts` |/'
}
printf '%s rows, %s citations\n' "$(cut -d' ' -f1 "$scratch/rows" | sort -un | wc -l)" "$count"
