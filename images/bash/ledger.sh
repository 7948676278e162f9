#!/usr/bin/env bash
# Reads "date category amount" from standard input and keeps the sums in associative arrays, in cents.
set -euo pipefail

declare -A by_category by_month
total=0
rejected=0

to_cents() {
  local whole=${1%.*} cents=${1#*.} sign=1
  [[ $whole == -* ]] && sign=-1
  echo $((sign * (10#${whole#-} * 100 + 10#$cents)))
}

to_amount() {
  local cents=${1#-} sign=
  (($1 < 0)) && sign=-
  printf '%s%d.%02d' "$sign" $((cents / 100)) $((cents % 100))
}

while read -r date category amount; do
  if [[ ! $date =~ ^([0-9]{4}-[0-9]{2})-[0-9]{2}$ || ! $amount =~ ^-?[0-9]+\.[0-9]{2}$ ]]; then
    rejected=$((rejected + 1))
    continue
  fi
  [[ $date =~ ^[0-9]{4}-[0-9]{2} ]]
  month=${BASH_REMATCH[0]}
  cents=$(to_cents "$amount")
  by_category[$category]=$((${by_category[$category]:-0} + cents))
  by_month[$month]=$((${by_month[$month]:-0} + cents))
  total=$((total + cents))
done

for month in $(printf '%s\n' "${!by_month[@]}" | sort); do
  printf '%-10s %10s\n' "$month" "$(to_amount "${by_month[$month]}")"
done
for category in "${!by_category[@]}"; do
  printf '%-10s %10s\n' "$category" "$(to_amount "${by_category[$category]}")"
done | sort
printf '%-10s %10s\n' total "$(to_amount "$total")"
echo "rejected: $rejected"
