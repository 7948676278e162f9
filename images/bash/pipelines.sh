#!/usr/bin/env bash
# Pipelines: where one tool's output is the next one's input.
set -euo pipefail

# Anagrams: words with the same sorted letters stand together.
anagrams() {
  while read -r word; do
    letters=$(grep -o . <<<"$word" | sort | tr -d '\n')
    printf '%s %s\n' "$letters" "$word"
  done | sort | awk '
    $1 != key { if (n > 1) print words; key = $1; words = ""; n = 0 }
    { words = words (n++ ? " " : "") $2 }
    END { if (n > 1) print words }'
}

echo "anagrams:"
printf '%s\n' listen evil enlist stone vile live silent notes apple | anagrams

echo "powers of two below a thousand: $(seq 0 9 | while read -r n; do echo $((2 ** n)); done | paste -s -d ' ')"
echo "digits up to 1000: $(seq 1000 | grep -o . | sort | uniq -c | awk '{ print $2 ":" $1 }' | paste -s -d ' ')"
echo "checksum: $(seq 100000 | sha256sum | cut -c 1-16)"

printf 'all work and no play\n%.0s' {1..3} | sed -E 's/(work|play)/[\1]/g; s/^./\U&/' | nl -w 2 -s '. '

# What each part of a pipeline returned.
set +e
false | true | (exit 3)
echo "statuses: ${PIPESTATUS[*]}"
yes | head -n 1000 | wc -l
echo "yes ended with ${PIPESTATUS[0]}, which is signal $(kill -l "${PIPESTATUS[0]}")"
