#!/usr/bin/env bash
# The reference is what the binary prints. Argument: the build folder.
set -euo pipefail
root=${EVALRUN_SOURCE_DIR:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)}
EVALRUN_BUILD_DIR=$1 "$root/dev" docs --check
