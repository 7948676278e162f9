#!/usr/bin/env bash
# Runs `evalrun judge --self-test` on every problem package below a folder, and holds what differs from the labels against
# known.txt beside this file. One line for each package, the unknown differences under it, and a table at the end. Fails if
# a difference or a refusal is not known.
# $1: the evalrun binary. $2: the folder; links between its packages are followed inside it. The rest goes to evalrun.
set -euo pipefail

evalrun=$1
folder=$(cd "$2" && pwd -P)
known=$(dirname "${BASH_SOURCE[0]}")/known.txt
log=$(mktemp)
trap 'rm -f "$log"' EXIT

packages() {
  find "$folder" \( -name problem.yaml -o -name domjudge-problem.ini -o -name init.yml -o -name problem.xml -o -name task.yaml \) \
    -printf '%h\n' | sort -u
}

# The cause that known.txt gives for a submission of a package; "-" stands for the package itself. Fails if it has none.
cause_of() {
  local package pattern cause
  while IFS=$'\t' read -r package pattern cause; do
    # shellcheck disable=SC2053  # the submission is a pattern
    [[ /$1 == */"$package" && $2 == $pattern ]] || continue
    printf '%s\n' "$cause"
    return
  done < <(grep -v '^#' "$known")
  return 1
}

count=0 all=0 agree=0 known_count=0 unknown=0 skipped=0 unlabelled=0 refused=0 known_refused=0
began=$SECONDS
while read -r package; do
  name=${package#"$folder"/}
  count=$((count + 1))
  start=$SECONDS
  status=0
  "$evalrun" judge --self-test --root "$folder" "${@:3}" "$package" >"$log" 2>&1 </dev/null || status=$?
  took=$((SECONDS - start))
  if ! grep -q '^time limit ' "$log"; then
    if cause=$(cause_of "$name" -); then
      known_refused=$((known_refused + 1))
      printf '%s: refused, which is known: %s\n' "$name" "$cause"
    else
      refused=$((refused + 1))
      printf '%s: REFUSED (status %d, %d s)\n' "$name" "$status" "$took"
      sed 's/^/    /' "$log" | head -n 20
    fi
    continue
  fi
  differ=0 of_package=0
  while read -r word submission rest; do
    case $word in
      ok) agree=$((agree + 1)) ;;
      skipped) skipped=$((skipped + 1)) ;;
      no) unlabelled=$((unlabelled + 1)) ;;
      DIFFERS)
        if cause=$(cause_of "$name" "$submission"); then
          known_count=$((known_count + 1))
          printf '    known: %s %s: %s\n' "$name" "$submission" "$cause"
        else
          differ=$((differ + 1))
          printf '    DIFFERS: %s %s %s\n' "$name" "$submission" "$rest"
          grep -A 3 -F -- "DIFFERS  $submission " "$log" | tail -n +2 | grep '^         ' || true
        fi
        ;;
      *) continue ;;
    esac
    of_package=$((of_package + 1))
  done < <(grep -E '^(ok|skipped|no label|DIFFERS) ' "$log")
  all=$((all + of_package)) unknown=$((unknown + differ))
  printf '%s: %d submissions, %d differ, %d s\n' "$name" "$of_package" "$differ" "$took"
done < <(packages)

printf '\npackages %d, refused %d, refused as known %d\nsubmissions %d: agree %d, known %d, differ %d, skipped %d, without a label %d\ntime %d s\n' \
  "$count" "$refused" "$known_refused" "$all" "$agree" "$known_count" "$unknown" "$skipped" "$unlabelled" "$((SECONDS - began))"
((count > 0 && unknown == 0 && refused == 0))
