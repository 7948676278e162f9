#!/usr/bin/env bash
# evalrun reads the environment variables that its manual page names and no others, so that none can change what a plan says;
# the doctor looks at three more, to tell where it runs. evalrun-isolate is a command of its own: --env inherits variables, and
# two say where its configuration and boxes are. evalrun serve takes the sockets of a service manager, and hands its own
# environment to the doctor that it starts; evalrun-postgresql gets it, for libpq, and
# evalrun-http, for libcurl. $1: the build folder.
set -euo pipefail

root=${EVALRUN_SOURCE_DIR:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)}
failed=0

expect() {
  if [[ $2 != "$3" ]]; then
    printf '%s: expected "%s", found "%s"\n' "$1" "$3" "$2"
    failed=1
  fi
}

# readers FOLDERS: the files that read the environment.
readers() {
  find "$@" \( -name '*.cc' -o -name '*.h' \) -exec grep -lE '\b(secure_)?getenv\b|\benviron\b|\benvname\b' {} + |
    sed "s#^$root/##" | sort
}

expect "files that read the environment" \
  "$(readers "$root"/{runtime,rootfs,netns,lockdown} | grep -v '^runtime/isolate/' | xargs)" \
  "runtime/cli/queue_of.cc runtime/doctor/surroundings.cc runtime/doctor/surroundings.h runtime/fleet/http/main.cc runtime/fleet/queue/relay_process.cc runtime/reader/image.cc runtime/serve/health.cc runtime/serve/listener.cc"

in_page=$(sed -n '/^\.SH ENVIRONMENT/,/^\.SH FILES/s/^\.B \([A-Z_]*\)$/\1/p' "$root/docs/evalrun.1" | xargs)
in_plan=$(grep -ohE 'getenv\("[A-Z_]+"\)' "$root"/runtime/{reader/image,cli/queue_of,fleet/http/main}.cc | sed 's/.*"\(.*\)".*/\1/' | xargs)
expect "variables of the manual page" "$in_page" "$in_plan"

expect "variables of evalrun serve" \
  "$(grep -ohE '"(LISTEN|NOTIFY)_[A-Z]+"' "$root/runtime/serve/listener.cc" | tr -d '"' | sort -u | xargs)" \
  "LISTEN_FDNAMES LISTEN_FDS LISTEN_PID NOTIFY_SOCKET"

expect "files of evalrun-isolate that read it" "$(readers "$root/runtime/isolate" | xargs)" \
  "runtime/isolate/config.cc runtime/isolate/run.cc"
expect "variables of evalrun-isolate" \
  "$(grep -ohE 'getenv\("[A-Z_]+"\)' "$root"/runtime/isolate/*.cc | sed 's/.*"\(.*\)".*/\1/' | sort | xargs)" \
  "EVALRUN_ISOLATE_CONFIG HOME"

exit "$failed"
