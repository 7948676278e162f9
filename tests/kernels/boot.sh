#!/usr/bin/env bash
# boot.sh FLAVOUR BUILD FOLDER [TEST…]: boots one of Debian's packaged cloud kernels in an emulated machine, runs the
# sandbox tests of BUILD there as root and as an ordinary user with a control group of his own, and prints what came of
# it. Status 0: every test passed or was skipped for a named reason; 77: this host cannot fetch or emulate it; 1
# otherwise. FOLDER keeps the kernels and the results from one boot to the next.
#
# FLAVOUR   6.1: bookworm's kernel, Landlock ABI 2.   6.12: bookworm-backports' kernel, Landlock ABI 6.
# TEST      names of test programs ("run_test"); without any: those of guest_tests below.
#
# Nothing but the machine's memory is written by the guest. Emulated, since not every host lends out its own
# virtualisation: a boot takes seconds, the tests run some ten times slower than on the host.
set -euo pipefail

flavour=$1 build=$(realpath "$2") folder=$3
shift 3
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
source_dir=$(dirname "$(dirname "$here")")
mkdir -p "$folder"
folder=$(realpath "$folder")

# What the kernel decides about: namespaces, Landlock, the filter, control groups, measurement, limits, verdicts.
guest_tests=(
  doctor_test run_test attest_test require_test profiles_test limits_test accounting_test files_test streams_test
  seccomp_kernel_test mediation_test peer_faults_test hostile_calls_test hostile_exhaustion_test hostile_filesystem_test
  cells_test cell_test batch_test hostile_measurement_test hostile_network_test
  hostile_proc_and_descriptors_test hostile_supervisor_test core_dumps_test core_handler_test
)
(($# == 0)) || guest_tests=("$@")
# A user's shell and what the tests and the image "bash" call by name.
guest_programs=(
  awk bash sh cat chmod chown cp cut date dd diff echo env expr false find grep head id ln ls mkdir mkfifo mktemp mount mv nproc ps
  readlink realpath rev rm rmdir sed seq setpriv sleep sort stat tail tee timeout touch tr true umount uname uniq unshare wc
)

say() { printf 'boot: %s\n' "$*" >&2; }
die() {
  say "$@"
  exit 1
}
cannot_boot() {
  say "$@"
  exit 77
}

# --- the kernel ------------------------------------------------------------------------------------------------------

# apt with lists and a cache of its own: the host's sources stay as they are, and root is not needed.
private_apt() {
  local command=$1
  shift
  local state=$folder/apt
  mkdir -p "$state/lists/partial" "$state/cache/archives/partial"
  printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian %s main\n' \
    bookworm bookworm-backports >"$state/sources.list"
  "$command" -q -o Dir::Etc::sourcelist="$state/sources.list" -o Dir::Etc::sourceparts=/dev/null \
    -o Dir::State::lists="$state/lists" -o Dir::Cache="$state/cache" -o APT::Sandbox::User="$(id -un)" "$@"
}

# Prints the path of the flavour's kernel; fetched once.
kernel_of() {
  local suite package
  case $1 in
    6.1) suite=bookworm ;;
    6.12) suite=bookworm-backports ;;
    *) die "no kernel $1; there are 6.1 and 6.12" ;;
  esac
  if [[ ! -s $folder/vmlinuz-$1 ]]; then
    [[ -n $(find "$folder/apt/lists" -name '*Packages*' -mmin -1440 2>/dev/null) ]] || private_apt apt-get update >&2
    package=$(private_apt apt-cache depends "linux-image-cloud-amd64/$suite" | sed -n 's/^ *Depends: *//p' | head -n 1)
    [[ -n $package ]] || die "Debian's $suite has no linux-image-cloud-amd64"
    (cd "$folder" && private_apt apt-get download "$package" >&2) || die "$package could not be fetched"
    dpkg-deb --fsys-tarfile "$folder/${package}"_*.deb |
      tar -xO --wildcards './boot/vmlinuz-*' >"$folder/vmlinuz-$1.new" || die "$package holds no kernel"
    rm -f "$folder/${package}"_*.deb
    mv "$folder/vmlinuz-$1.new" "$folder/vmlinuz-$1"
  fi
  printf '%s\n' "$folder/vmlinuz-$1"
}

# --- what the guest holds ----------------------------------------------------------------------------------------------

# put TREE FILE: with its links and the libraries it needs, at the same path.
put() {
  local tree=$1 file=$2 target
  [[ ! -e $tree$file ]] || return 0
  mkdir -p "$tree$(dirname "$file")"
  target=$(realpath "$file")
  if [[ $target != "$file" ]]; then
    put "$tree" "$target"
    [[ -e $tree$file ]] || ln -s "$target" "$tree$file"
    return 0
  fi
  cp "$file" "$tree$file"
  # ldd fails on what is not dynamic: a script, a static program.
  while read -r target; do put "$tree" "$target"; done < <(ldd "$file" 2>/dev/null | grep -oE '/[^ ]+' || true)
}

make_archive() {
  local tree=$1 archive=$2 name path
  mkdir -p "$tree"/{dev,proc,sys,run,tmp,root,etc/alternatives,var/tmp,new,usr/{bin,sbin,lib,lib64}}
  for name in bin sbin lib lib64; do ln -s "usr/$name" "$tree/$name"; done
  for name in "${guest_programs[@]}"; do
    path=$(type -P "$name") || continue
    put "$tree" "$path"
  done
  put "$tree" /bin/busybox
  cp /etc/ld.so.cache "$tree/etc/"
  printf 'root:x:0:0::/root:/bin/bash\ntester:x:20001:20001::/tmp:/bin/bash\n' >"$tree/etc/passwd"
  printf 'root:x:0:\ntester:x:20001:\n' >"$tree/etc/group"
  mkdir -p "$tree/evalrun/build/tests" "$tree/evalrun/tests/support"
  cp -r "$source_dir/images" "$tree/evalrun/"
  cp -r "$source_dir/tests/golden" "$tree/evalrun/tests/"
  cp "$source_dir/tests/support/accepting_evalrun.sh" "$tree/evalrun/tests/support/"
  cp -r "$build/probes" "$build/evalrun" "$tree/evalrun/build/"
  for name in "${guest_tests[@]}"; do
    [[ -x $build/tests/$name ]] || die "$build/tests/$name is not built"
    put "$tree" "$build/tests/$name"
    mv "$tree$build/tests/$name" "$tree/evalrun/build/tests/"
  done
  printf '%s\n' "${guest_tests[@]}" >"$tree/evalrun/tests.list"
  find "$tree/evalrun/build" -type f -exec strip -d {} + 2>/dev/null || true
  install -m 755 "$here/guest.sh" "$tree/guest.sh"
  install -m 755 "$here/init.sh" "$tree/init"
  install -m 755 "$here/core_handler.sh" "$tree/core_handler.sh"
  (cd "$tree" && find . -print0 | cpio --null --quiet --create --format=newc --owner=0:0) | gzip -1 >"$archive"
}

# --- the boot ----------------------------------------------------------------------------------------------------------

for name in qemu-system-x86_64 cpio busybox; do
  command -v "$name" >/dev/null || cannot_boot "$name is missing"
done
kernel=$(kernel_of "$flavour") || cannot_boot "Debian's kernel $flavour cannot be had here"
results=$folder/results-$flavour.txt
console=$folder/console-$flavour.txt
scratch=$(mktemp -d "${TMPDIR:-/tmp}/evalrun-boot-XXXXXX")
trap 'rm -rf "$scratch"' EXIT
make_archive "$scratch/tree" "$scratch/initramfs.gz"
: >"$results"
timeout --signal=KILL "${EVALRUN_BOOT_TIMEOUT:-3600}" qemu-system-x86_64 \
  -machine q35,accel=tcg -cpu qemu64,-cx16 -smp 2 -m 3072 -nodefaults -no-reboot -display none \
  -kernel "$kernel" -initrd "$scratch/initramfs.gz" \
  -append "console=ttyS0 panic=-1 quiet loglevel=4 lsm=landlock,lockdown,yama,integrity,apparmor" \
  -serial "file:$console" -serial "file:$results" || say "the emulator ended with status $?"
tr -d '\r' <"$results" | grep -v '^DONE$' || true
if ! grep -q '^DONE' "$results"; then
  tail -n 30 "$console" >&2
  die "the guest did not come to its end; $console"
fi
! grep -qE '^(root|tester): .* [1-9][0-9]* failed' "$results"
