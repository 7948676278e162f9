#!/usr/bin/env bash
# Files and folders in /work: find, diff, globs, links, permissions, temporary files.
set -euo pipefail
shopt -s globstar nullglob

for year in 2022 2023 2024; do
  mkdir -p "archive/$year"
  for n in {1..4}; do
    printf 'entry %d of %d\n' "$n" "$year" >"archive/$year/note-$n.txt"
  done
done
rm archive/2023/note-{2,3}.txt
ln -s 2024 archive/latest

echo "notes: $(find archive -type f | wc -l), by glob: $(printf '%s\n' archive/20*/*.txt | wc -l)"
echo "latest is $(readlink archive/latest): $(cat archive/latest/note-1.txt)"
find archive -name '*-4.txt' -printf '%P %s bytes\n' | sort
echo "third entries: $(grep -rhl 'entry 3' archive/20* | sort | paste -s -d ' ')"

cp -r archive copy
sed -i 's/entry/ENTRY/' copy/2022/note-2.txt
rm copy/2024/note-1.txt
diff -r archive/2022 copy/2022 || echo "diff's status: $?"
diff -rq archive/2024 copy/2024 || true

chmod 640 copy/2022/note-1.txt
echo "mode: $(stat -c %A copy/2022/note-1.txt)"

temporary=$(mktemp)
trap 'rm -f "$temporary"' EXIT
cat archive/20*/*.txt >"$temporary"
echo "all notes: $(wc -l <"$temporary") lines, $(md5sum <"$temporary" | cut -d ' ' -f 1)"
[[ $temporary == /tmp/* ]] && echo "temporary files are in /tmp"

printf '#!/bin/sh\necho "a script that was just written: $*"\n' >run-me
chmod +x run-me
./run-me it runs
