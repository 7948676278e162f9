#!/usr/bin/env bash
# The proof on a bare Debian 12: what debootstrap's minbase has, git and certificates, nothing else. $1: a folder on a file
# system that keeps devices and owners; the bare tree is kept there as `bare`, and each proof gets a fresh copy of it. What
# follows it is given to ./dev test.
#
# Three proofs, each in a new mount and process namespace:
#   root     enters the copy by pivot_root and runs the README's two commands; between them, makes the .deb, installs it, uses it
#   user     the same as an ordinary user with sudo, who owns the checkout
#   chroot   enters it by chroot, where the kernel refuses user namespaces: evalrun must say exactly that
#
# Mounts end with their namespaces; nothing outside the folder is written.
set -euo pipefail

suite=bookworm
source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)

say() { printf 'minbase: %s\n' "$*"; }

# --- the tree --------------------------------------------------------------------------------------------------------

# The mirror that this host uses, or Debian's own.
mirror() {
  local found
  found=$(apt-get indextargets 'Created-By: Packages' --format "\$(SITE) \$(RELEASE)" 2>/dev/null |
    sed -n "s/ $suite\$//p" | head -n 1)
  printf '%s' "${found:-http://deb.debian.org/debian}"
}

make_bare_tree() {
  local tree=$1 log=$1.log
  rm -rf --one-file-system "$tree" "$tree.new"
  say "debootstrap of $suite from $(mirror) into $tree"
  if ! debootstrap --variant=minbase --include=git,ca-certificates "$suite" "$tree.new" "$(mirror)" >"$log" 2>&1; then
    tail -n 20 "$log"
    return 1
  fi
  # How this host reaches its mirror holds inside too.
  apt-config dump | { grep -E '^Acquire::([a-z]+::Proxy|Check-)' || true; } >"$tree.new/etc/apt/apt.conf.d/00host"
  mv "$tree.new" "$tree"
}

# fresh_copy BARE TREE CHECKOUT: the bare tree with the checkout as it stands, without what was built in it.
fresh_copy() {
  local bare=$1 tree=$2 checkout=$3
  rm -rf --one-file-system "$tree"
  cp -a "$bare" "$tree"
  mkdir -p "$tree$checkout"
  tar -C "$source_dir" --exclude=./build --exclude='./build-*' -cf - . | tar -C "$tree$checkout" --no-same-owner -xf -
  cp "$source_dir/tests/minbase.sh" "$tree/root/minbase.sh"
}

# --- entering --------------------------------------------------------------------------------------------------------

clean_environment=(env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb EVALRUN_MUST_WORK="${EVALRUN_MUST_WORK-}")

# Runs in namespaces of its own: makes the tree the root by pivot_root, as a container or a boot would, and goes on inside.
enter_by_pivot() {
  local tree=$1
  mount --bind "$tree" "$tree"
  mount -t proc proc "$tree/proc"
  mount --rbind /dev "$tree/dev"
  mount --rbind /sys "$tree/sys"
  mkdir -p "$tree/.host"
  cd "$tree"
  pivot_root . .host
  cd /
  umount -l /.host
  rmdir /.host
  exec "${clean_environment[@]}" /root/minbase.sh inside "${@:2}"
}

enter_by_chroot() {
  local tree=$1
  mount -t proc proc "$tree/proc"
  mount --rbind /dev "$tree/dev"
  exec chroot "$tree" "${clean_environment[@]}" /root/minbase.sh inside "${@:2}"
}

in_namespaces() { unshare --mount --pid --fork --kill-child "$source_dir/tests/minbase.sh" "$@"; }

# --- inside ----------------------------------------------------------------------------------------------------------

# as USER COMMAND…: in his checkout, as after a login.
as() {
  local user=$1
  shift
  case $user in
    root) (cd /root/evalrun && "$@") ;;
    *) su - "$user" -c "export EVALRUN_MUST_WORK='$EVALRUN_MUST_WORK'; cd evalrun && ${*@Q}" ;;
  esac
}

# step NAME COMMAND…: runs it and says how long it took.
step() {
  local began=$SECONDS status=0
  say "--- $1"
  "${@:2}" || status=$?
  say "--- $1: status $status after $((SECONDS - began)) s"
  return "$status"
}

expect_hello() {
  local text
  text=$("$@")
  printf '%s\n' "$text"
  grep -qF '"verdict": "OK"' <<<"$text" && grep -qF 'Hello, Ada!' <<<"$text"
}

# The package, used from a folder that has nothing to do with the checkout.
use_package() {
  local folder
  folder=$(as "$1" pwd)
  as "$1" ./dev package && apt-get -q install -y --no-install-recommends "$folder"/build/evalrun_*.deb &&
    dpkg -s evalrun && evalrun image list &&
    expect_hello as "$1" /usr/bin/evalrun --format json images/examples/hello.toml
}

# inside PROOF [CTEST ARGUMENTS]
inside() {
  case $1 in
    root | user)
      local user=$1
      [[ $user == root ]] || make_user "$user"
      step "$user: ./dev run images/examples/hello.toml" expect_hello as "$user" ./dev run images/examples/hello.toml
      step "$user: the Debian package" use_package "$user"
      step "$user: ./dev test" as "$user" ./dev test "${@:2}"
      ;;
    chroot) step "chroot: evalrun names the chroot" expect_refusal ;;
  esac
}

# An ordinary user with sudo, as Debian's installer makes one.
make_user() {
  apt-get -q update
  DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends sudo adduser
  adduser --disabled-password --gecos '' "$1"
  printf '%s ALL=(ALL) NOPASSWD: ALL\n' "$1" >/etc/sudoers.d/minbase
  chown -R "$1:$1" "/home/$1"
}

expect_refusal() {
  local status=0 message
  message=$(/root/evalrun/build/evalrun /root/evalrun/images/examples/hello.toml --output /dev/null 2>&1) || status=$?
  printf 'status %d: %s\n' "$status" "$message"
  ((status == 3)) && grep -q chroot <<<"$message"
}

# --- outside ---------------------------------------------------------------------------------------------------------

# prove FOLDER [CTEST ARGUMENTS]
prove() {
  local failed=()
  mkdir -p "$1"
  folder=$(cd "$1" && pwd -P)  # not local: the trap outlives this function
  shift
  [[ -d $folder/bare ]] || make_bare_tree "$folder/bare"
  trap 'rm -rf --one-file-system "$folder"/tree-*' EXIT
  trap 'exit 130' INT TERM HUP

  fresh_copy "$folder/bare" "$folder/tree-root" /root/evalrun
  in_namespaces enter_by_pivot "$folder/tree-root" root "$@" || failed+=(root)
  in_namespaces enter_by_chroot "$folder/tree-root" chroot || failed+=(chroot)

  fresh_copy "$folder/bare" "$folder/tree-user" /home/user/evalrun
  in_namespaces enter_by_pivot "$folder/tree-user" user "$@" || failed+=(user)

  if ((${#failed[@]})); then
    say "FAILED: ${failed[*]}"
    return 1
  fi
  say "all proofs passed"
}

case ${1-} in
  inside | enter_by_pivot | enter_by_chroot) "$@" ;;
  '' | -*)
    say "usage: tests/minbase.sh FOLDER [CTEST ARGUMENTS]"
    exit 2
    ;;
  *) prove "$@" ;;
esac
