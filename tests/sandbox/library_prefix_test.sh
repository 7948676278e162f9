#!/usr/bin/env bash
# What is installed of the library is enough to build with: the examples, with pkg-config and with CMake, in C and in C++.
# $1: the build folder.
set -euo pipefail

build=$1
root=${EVALRUN_SOURCE_DIR:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)}
work=$(mktemp -d "${TMPDIR:-/tmp}/evalrun-library-XXXXXX")
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
prefix=$work/prefix

fail() {
  printf 'library prefix: %s\n' "$*"
  exit 1
}

for tool in cc c++ cmake pkg-config nm; do
  if ! command -v "$tool" >/dev/null; then
    printf 'missing: %s\n' "$tool"
    if [[ ${EVALRUN_MUST_WORK-} == 1 ]]; then exit 1; fi
    exit 77
  fi
done

cmake --install "$build" --prefix "$work/first" >/dev/null
mv "$work/first" "$prefix"  # an installation can be moved
chmod -R go+rX "$prefix"
pkgconfig=$(find "$prefix" -type d -name pkgconfig)
export PKG_CONFIG_PATH=$pkgconfig
libraries=$(pkg-config --variable=libdir evalrun)
[[ -f $(pkg-config --variable=imagesdir evalrun)/python.toml ]] || fail "imagesdir has no images"

shown=$(nm -D --defined-only "$libraries/libevalrun.so" | awk '$2 != "A" { print $3 }' | sed 's/@.*//')
strange=$(grep -v '^evalrun_' <<<"$shown" || true)
[[ -z $strange ]] || fail "libevalrun.so shows more than its C interface: $strange"
declared=$(grep -oE '\bevalrun_[a-z_]+\(' "$prefix/include/evalrun/evalrun.h" | tr -d '(' | sort -u)
[[ $declared == "$(sort -u <<<"$shown")" ]] ||
  fail "evalrun.h and libevalrun.so differ: $(diff <(printf '%s\n' "$declared") <(sort -u <<<"$shown"))"

# Each header by itself, strictly; nothing of the checkout is in sight.
printf '#include <evalrun/evalrun.h>\nint main(void) { return evalrun_abi() != EVALRUN_ABI; }\n' >"$work/alone.c"
printf '#include <evalrun/evalrun.hh>\nint main() { return evalrun::version().empty(); }\n' >"$work/alone.cc"
read -ra c_flags <<<"$(pkg-config --cflags --libs evalrun)"
read -ra cpp_flags <<<"$(pkg-config --cflags --libs evalrun++)"
strict=(-Wall -Wextra -Werror -pedantic)
cc -std=c11 "${strict[@]}" -o "$work/alone-c" "$work/alone.c" "${c_flags[@]}"
c++ -std=c++20 "${strict[@]}" -o "$work/alone-c++" "$work/alone.cc" "${cpp_flags[@]}"
LD_LIBRARY_PATH=$libraries "$work/alone-c" || fail "the shared object is not the header's"
"$work/alone-c++" || fail "no version"

# try MANY TALK: the examples work.
cat >"$work/plan.toml" <<PLAN
argv = ["/work/probe", "echo"]
stdin.text = "hello"
files."probe" = { from = "$build/probes/probe", mode = "0755" }
limits.cpus = "any"
PLAN
for layer in ${EVALRUN_ACCEPT_MISSING-}; do printf 'require.%s = "if-available"\n' "$layer" >>"$work/plan.toml"; done
try() {
  local said
  said=$(LD_LIBRARY_PATH=$libraries "$1" "$work/plan.toml" 5 2) || fail "many: exit status $?: $said"
  [[ $(grep -c '^OK, exited with code 0, [0-9]* us, 5 bytes$' <<<"$said") == 5 ]] || fail "many said: $said"
  said=$(head -c 200000 /dev/zero | tr '\0' x | LD_LIBRARY_PATH=$libraries "$2" "$work/plan.toml" 2>"$work/verdict") ||
    fail "talk: exit status $?: $(<"$work/verdict")"
  ((${#said} == 200000)) || fail "talk brought back ${#said} bytes of 200000"
  [[ $(<"$work/verdict") == "OK: exited with code 0" ]] || fail "talk said: $(<"$work/verdict")"
  local status=0
  printf 'argv = 1\n' >"$work/wrong.toml"
  LD_LIBRARY_PATH=$libraries "$2" "$work/wrong.toml" 2>"$work/error" || status=$?
  ((status == 2)) || fail "talk: exit status $status for a wrong plan"
  grep -q 'wrong.toml:1:' "$work/error" || fail "talk said: $(<"$work/error")"
}

cc -std=c11 -D_POSIX_C_SOURCE=200809L "${strict[@]}" -o "$work/talk" "$root/docs/examples/talk.c" "${c_flags[@]}"
c++ -std=c++20 "${strict[@]}" -o "$work/many" "$root/docs/examples/many.cc" "${cpp_flags[@]}"
try "$work/many" "$work/talk"

cmake -S "$root/docs/examples" -B "$work/examples" -DCMAKE_PREFIX_PATH="$prefix" >"$work/log" || fail "$(<"$work/log")"
cmake --build "$work/examples" >"$work/log" || fail "$(<"$work/log")"
try "$work/examples/many" "$work/examples/talk"

# The Python package finds the library that is installed, and its images.
if [[ -x /usr/bin/python3 ]]; then
  packages=$prefix/lib/python3/dist-packages
  [[ -f $(echo "$packages"/evalrun-*.dist-info/METADATA) ]] || fail "the Python package has no metadata"
  [[ -z $(find "$packages" -name '*.so*' -o -name __pycache__) ]] || fail "the Python package holds more than sources"
  said=$(EVALRUN_LIBRARY=$libraries/libevalrun.so.1 EVALRUN_IMAGES=$(pkg-config --variable=imagesdir evalrun) \
    /usr/bin/python3 -I -B -X dev - "$packages" "$work/plan.toml" 2>&1 <<'PYTHON'
import sys
sys.path.insert(0, sys.argv[1])
import evalrun
run = evalrun.run(plan=sys.argv[2], text=True)
print(run.verdict, run.stdout)
PYTHON
  ) || fail "Python: exit status $?: $said"
  [[ $said == "OK hello" ]] || fail "Python said: $said"
elif [[ ${EVALRUN_MUST_WORK-} == 1 ]]; then
  fail "missing: /usr/bin/python3"
fi

# From Python, and with an image that only this prefix has, from wherever it is called.
printf 'name = "mine"\ndescription = "of this prefix alone"\nrun = ["/work/{source}", "echo"]\n' >"$prefix/share/evalrun/images/mine.toml"
cp "$prefix/share/evalrun/images/mine.toml" "$work/first-mine.toml"
sed 's/^argv = .*/image = "mine"\nsource = "probe"/' "$work/plan.toml" >"$work/mine.toml"
# consumer COMMAND...: echoes what it reads, by the image of the prefix.
consumer() {
  local said
  said=$(cd / && printf 'asked' | env -u EVALRUN_IMAGES LD_LIBRARY_PATH="$libraries" "$@" "$work/mine.toml" 2>"$work/verdict") ||
    fail "$*: exit status $?: $(<"$work/verdict")"
  [[ $said == asked && $(<"$work/verdict") == "OK: exited with code 0" ]] || fail "$* said: $said $(<"$work/verdict")"
}
consumer "$work/talk"
if command -v python3 >/dev/null; then consumer python3 "$root/docs/examples/ask.py"; fi
if command -v clang++ >/dev/null; then
  clang++ -std=c++20 "${strict[@]}" -o "$work/clang-many" "$root/docs/examples/many.cc" "${cpp_flags[@]}"
  try "$work/clang-many" "$work/talk"
fi

# A program that embeds it can be built with the sanitizers, and nothing leaks.
if c++ -std=c++20 -g -fsanitize=address,undefined "${strict[@]}" -o "$work/sanitized" "$root/docs/examples/many.cc" \
  "${cpp_flags[@]}" 2>"$work/log"; then
  try "$work/sanitized" "$work/talk"
else
  printf 'not tried with the sanitizers: %s\n' "$(<"$work/log")"
fi

# The same out of Debian's packages that were made for another place than /usr.
if command -v cpack >/dev/null && command -v dpkg-deb >/dev/null; then
  (cd "$build" && cpack -G DEB -D CPACK_PACKAGING_INSTALL_PREFIX=/opt/evalrun -B "$work/packages") >"$work/log" 2>&1 ||
    fail "$(<"$work/log")"
  for package in "$work"/packages/*.deb; do dpkg-deb -x "$package" "$work/root"; done
  chmod -R go+rX "$work/root"
  prefix=$work/root/opt/evalrun
  libraries=$(dirname "$(find "$prefix" -name libevalrun.so.1)")
  [[ ! -e $work/root/usr ]] || fail "a package for /opt/evalrun has files in /usr"
  cp "$work/first-mine.toml" "$prefix/share/evalrun/images/mine.toml"
  PKG_CONFIG_PATH=$(find "$prefix" -type d -name pkgconfig)
  read -ra c_flags <<<"$(pkg-config --cflags --libs evalrun)"
  cc -std=c11 -D_POSIX_C_SOURCE=200809L "${strict[@]}" -o "$work/packaged-talk" "$root/docs/examples/talk.c" "${c_flags[@]}"
  consumer "$work/packaged-talk"
fi
