#!/usr/bin/env bash
# How fast two runs can talk through what is left open (docs/channels.md). Argument: the build folder.
set -euo pipefail
build=$(cd "${1:-build}" && pwd -P)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

plan() {  # FILE WORDS…
  local file=$1 words=""
  shift
  for word in "$@"; do words+=", \"$word\""; done
  cat >"$folder/$file" <<TOML
argv = ["/opt/shares"$words]
limits.wall = "100s"
limits.cpu = "100s"
limits.cpus = "any"
[[mount]]
bind = "$build/probes/shares"
at = "/opt/shares"
exec = true
[[mount]]
bind = "$folder/pages"
at = "/pages"
TOML
}

said() { "$build/evalrun" run --format json "$folder/$1" | sed -n 's/.*"text": *"\(wrong[^"\\]*\).*/\1/p'; }

: >"$folder/pages"
printf '%-10s %8s %14s\n' channel bits/s wrong
for row in memory:100000:80 memory:20000:200 processes:100000:80 processes:20000:100 inodes:50000:60 eventfds:100000:80 eventfds:5000:400; do
  IFS=: read -r channel slot bits <<<"$row"
  start=$(($(date +%s%3N) + 1500))
  plan talk.toml talk "$channel" "$start" "$slot" "$bits"
  plan listen.toml listen "$channel" "$start" "$slot" "$bits"
  said talk.toml &
  printf '%-10s %8d %s\n' "$channel" $((1000000 / slot)) "$(said listen.toml)"
  wait
done

# Pages of a file that nobody has read yet.
bits=256
head -c $((bits * 262144)) /dev/urandom >"$folder/pages"
sync "$folder/pages"
dd of="$folder/pages" oflag=nocache conv=notrunc,fdatasync count=0 status=none
begin=$(date +%s%N)
plan store.toml store /pages "$bits"
plan load.toml load /pages "$bits"
said store.toml
wrong=$(said load.toml)
printf '%-10s %8d %s\n' pages $((bits * 1000000000 / ($(date +%s%N) - begin))) "$wrong"
