#!/usr/bin/env bash
# docs/reference.md is what the binary's table of keys says. $1: the build folder.
set -euo pipefail
EVALRUN_BUILD_DIR=$1 "$(dirname "${BASH_SOURCE[0]}")/../../dev" docs --check
