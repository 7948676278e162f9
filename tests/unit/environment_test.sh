#!/usr/bin/env bash
# evalrun reads the environment variables that its manual page names and no others, so that none can change what a plan says;
# the doctor looks at three more, to tell where it runs. $1: the build folder.
set -euo pipefail

root=${EVALRUN_SOURCE_DIR:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)}
failed=0

expect() {
  if [[ $2 != "$3" ]]; then
    printf '%s: expected "%s", found "%s"\n' "$1" "$3" "$2"
    failed=1
  fi
}

sources() {
  find "$root"/{runtime,rootfs,netns,lockdown} -name '*.cc' -o -name '*.h'
}

readers=$(sources | xargs grep -lE '\b(secure_)?getenv\b|\benviron\b|\benvname\b' | sed "s#^$root/##" | sort | xargs)
expect "files that read the environment" "$readers" \
  "runtime/doctor/surroundings.cc runtime/doctor/surroundings.h runtime/reader/image.cc"

in_page=$(sed -n '/^\.SH ENVIRONMENT/,/^\.SH FILES/s/^\.B \([A-Z_]*\)$/\1/p' "$root/docs/evalrun.1" | xargs)
in_plan=$(grep -oE 'getenv\("[A-Z_]+"\)' "$root/runtime/reader/image.cc" | sed 's/.*"\(.*\)".*/\1/' | xargs)
expect "variables of the manual page" "$in_page" "$in_plan"

exit "$failed"
