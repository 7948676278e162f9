#!/usr/bin/env bash
# An installed evalrun has all its files and finds its images beside itself. $1: the build folder.
set -euo pipefail

build=$1
prefix=$(mktemp -d "${TMPDIR:-/tmp}/evalrun-prefix-XXXXXX")
trap 'rm -rf "$prefix"' EXIT
unset EVALRUN_IMAGES

fail() {
  printf 'installed prefix: %s\n' "$*"
  exit 1
}

cmake --install "$build" --prefix "$prefix" >/dev/null
chmod -R go+rX "$prefix"
for file in bin/evalrun bin/evalrun-isolate share/man/man1/evalrun.1 share/bash-completion/completions/evalrun share/doc/evalrun/copyright \
  share/evalrun/images/python.toml share/evalrun/images/python/sieve.py share/evalrun/containers/{seccomp.json,apparmor,evalrun.service,pod.yaml}; do
  [[ -f $prefix/$file ]] || fail "$file is missing"
done
"$prefix/bin/evalrun" doctor --seccomp-profile | cmp - "$prefix/share/evalrun/containers/seccomp.json" ||
  fail "the seccomp profile is not what the binary prints"
[[ ! -e $prefix/share/evalrun/images/CMakeLists.txt ]] || fail "CMakeLists.txt is among the images"

# The pages link nothing that is not installed with them.
links=0
while IFS= read -r page; do
  while IFS= read -r link; do
    [[ $link != http* && $link != \#* ]] || continue
    ((++links))
    [[ -e $(dirname "$page")/${link%%#*} ]] || fail "$page links $link, which is not installed"
  done < <(grep -oE '\]\([^) ]+\)' "$page" | sed 's/^](//; s/)$//')
done < <(find "$prefix/share/doc/evalrun" -name '*.md')
((links > 100)) || fail "only $links links were found in the pages"
for name in library.md examples/many.cc; do
  [[ -f $prefix/share/doc/libevalrun-dev/$name ]] || fail "libevalrun-dev has no $name"
done

if ! [[ -x /usr/bin/python3 ]]; then
  printf 'missing: /usr/bin/python3\n'
  if [[ ${EVALRUN_MUST_WORK-} == 1 ]]; then exit 1; fi
  exit 77
fi
mkdir "$prefix/elsewhere"
cd "$prefix/elsewhere"
printf 'print(6 * 7)\n' >answer.py
printf 'image = "python"\nsource = "answer.py"\n[files]\n"answer.py" = { from = "answer.py" }\n' >plan.toml
result=$("$prefix/bin/evalrun" plan.toml --format json) || fail "exit status $?: $result"
grep -qF '"text": "42\n"' <<<"$result" || fail "the program did not print 42: $result"
# The image is found from the command, and the program's file in the current folder.
result=$("$prefix/bin/evalrun" exec -- python3 answer.py) || fail "exec: exit status $?: $result"
[[ $result == 42 ]] || fail "exec printed: $result"
# The images are the prefix's own: without them there is no python.
mv "$prefix/share/evalrun/images/python.toml" "$prefix/python.toml"
status=0
"$prefix/bin/evalrun" plan.toml >/dev/null 2>error.txt || status=$?
((status == 2)) || fail "exit status $status without images/python.toml"
grep -qF 'no image "python"' error.txt || fail "without images/python.toml it said: $(<error.txt)"
