#!/usr/bin/env bash
# Each mutant's lines stand in the code, once: a table that no longer fits the code proves nothing. `./dev mutants` runs it.
set -euo pipefail
root=${EVALRUN_SOURCE_DIR:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)}
python3 -c 'import tomllib' 2>/dev/null || {
  echo "missing: python3 with tomllib (3.11)"
  exit 77
}
python3 "$root/tests/mutants/run.py" --list /nonexistent
