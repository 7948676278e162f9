#!/usr/bin/env bash
# Dependencies point one way: core -> plan -> {rootfs, netns, lockdown} -> sandbox -> supervise ->
# {judge -> {trace, report -> {library, batch}}, doctor} -> cli. A folder includes only itself and what is listed for it;
# siblings never include each other.
set -euo pipefail
root=${EVALRUN_SOURCE_DIR:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)}

core="runtime/core"
plan="runtime/plan $core"
declare -A may_include=(
  [runtime/core]=$core
  [runtime/plan]=$plan
  [rootfs]="rootfs $plan"
  [netns]="netns $core"
  [lockdown]="lockdown $plan"
)
may_include[runtime/sandbox]="runtime/sandbox rootfs netns lockdown $plan"
may_include[runtime/supervise]="runtime/supervise ${may_include[runtime/sandbox]}"
may_include[runtime/judge]="runtime/judge ${may_include[runtime/supervise]}"
may_include[runtime/trace]="runtime/trace ${may_include[runtime/judge]}"
may_include[runtime/doctor]="runtime/doctor ${may_include[runtime/supervise]}"
may_include[runtime/report]="runtime/report ${may_include[runtime/judge]}"
may_include[runtime/batch]="runtime/batch ${may_include[runtime/report]}"
may_include[runtime/library]="runtime/library ${may_include[runtime/report]}"
may_include[runtime/cli]="runtime/cli runtime/doctor runtime/trace runtime/batch ${may_include[runtime/library]}"

# violations FOLDER ALLOWED: includes in FOLDER of folders that are not allowed.
violations() {
  local folder=$1 allowed=" $2 " included
  grep -rhoE '^#include "[^"]+/' "$root/$folder" --include='*.cc' --include='*.h' --include='*.hh' | sed 's/#include "//; s/\/$//' | sort -u |
    while read -r included; do
      [[ $allowed == *" $included "* ]] || printf '%s includes %s\n' "$folder" "$included"
    done
}

found=$(for folder in "${!may_include[@]}"; do violations "$folder" "${may_include[$folder]}"; done)
if [[ -n $found ]]; then
  printf '%s\n' "$found"
  exit 1
fi
# The check itself can fail: with nothing allowed, every folder that includes anything is reported.
[[ -n $(violations runtime/sandbox "") ]]
