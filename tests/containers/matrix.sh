#!/usr/bin/env bash
# shellcheck disable=SC2317  # what is called by name alone
# What evalrun doctor says in each kind of container, against what three plans then do there; and the same once more with the
# doctor's own remedy applied, word for word. $1: the build folder. Fails where the two disagree, or a remedy is not enough.
# What this machine cannot run is said by name. Needs root; leaves nothing behind.
set -euo pipefail

build=$1
work=$(mktemp -d)
chmod 755 "$work"
root=$work/root
failed=0
docker_pid=

# shellcheck disable=SC2317  # by the trap
clean_up() {
  if [[ -n $docker_pid ]]; then
    kill "$docker_pid" 2>/dev/null || true
    wait "$docker_pid" 2>/dev/null || true
  fi
  # What a manager still has mounted there.
  local at
  while read -r at; do
    umount -l "$at" 2>/dev/null || true
  done < <(awk -v w="$work/" 'index($5, w) == 1 { print $5 }' /proc/self/mountinfo | sort -r)
  rm -rf --one-file-system "$work"
}
trap clean_up EXIT

# --- what runs inside ------------------------------------------------------------------------------------------------

# The plans last so long that their processes are looked at.
make_root() {
  mkdir -p "$root"/{proc,sys,dev,tmp,etc,run,usr/bin,usr/lib,var,plans}
  chmod 1777 "$root/tmp"
  ln -s usr/bin "$root/bin"
  printf 'ID=evalrun-test\n' >"$root/etc/os-release"
  printf 'root:x:0:0::/:/bin/false\n' >"$root/etc/passwd"
  cp "$build/evalrun" "$build/probes/probe" "$build/probes/endpoints" "$root/usr/bin/"
  "$build/evalrun" doctor --seccomp-profile >"$work/evalrun.json"
  cat >"$root/plans/plain.toml" <<'PLAN'
argv = ["/work/probe", "say", "ran", "sleep", "0.3"]
files.probe = { from = "/usr/bin/probe", mode = "0755" }
PLAN
  cat >"$root/plans/unix.toml" <<'PLAN'
argv = ["/work/endpoints", "new", "unix", "bind", "unix:/tmp/s", "listen", "5", "new", "unix", "connect", "unix:/tmp/s", "sleep-ms", "300"]
files.endpoints = { from = "/usr/bin/endpoints", mode = "0755" }
PLAN
  cat >"$root/plans/loopback.toml" <<'PLAN'
argv = ["/work/endpoints", "new", "tcp", "bind", "127.0.0.1:8080", "listen", "5", "new", "tcp", "connect", "127.0.0.1:8080", "sleep-ms", "300"]
files.endpoints = { from = "/usr/bin/endpoints", mode = "0755" }
network = { mode = "loopback", bind = [8080], connect = [8080] }
PLAN
  chmod -R go+rX "$root"
}

# --- the settings: each is a function that runs a command inside, after "$@" up to "--" as the manager's options -----------

# split "$@" at "--": options=( … ), command=( … )
split() {
  options=()
  while [[ $1 != -- ]]; do
    options+=("$1")
    shift
  done
  shift
  command=("$@")
}

docker_client() { docker -H "unix://$work/docker.sock" "$@"; }
in_docker() {
  split "$@"
  docker_client run --rm --network none "${options[@]}" evalrun-test "${command[@]}"
}
in_docker_as_user() { in_docker --user 1000 --cap-drop ALL --security-opt no-new-privileges --read-only "$@"; }

# crun of Debian 12 knows no hybrid control groups: where the host has v1 trees, it sees v2 alone.
with_one_cgroup_tree() {
  # shellcheck disable=SC2016  # for the inner shell
  unshare --mount bash -c '[[ $(stat -fc %T /sys/fs/cgroup) == cgroup2fs ]] || mount -t cgroup2 none /sys/fs/cgroup; exec "$@"' bash "$@"
}
podman_of() { # podman_of FOLDER WORDS…
  local folder=$1
  shift
  podman --root "$folder/root" --runroot "$folder/run" --tmpdir "$folder/tmp" --storage-driver vfs --cgroup-manager cgroupfs \
    --events-backend none run --rm --cgroups=disabled --network none --ulimit nofile=1024:1024 --ulimit nproc=1000:1000 "$@"
}
export -f podman_of
in_podman() {
  split "$@"
  # shellcheck disable=SC2016
  with_one_cgroup_tree bash -c 'podman_of "$@"' bash "$work/podman" "${options[@]}" --rootfs "$root" "${command[@]}"
}
in_podman_as_user() { in_podman --user 1000 --cap-drop ALL --security-opt no-new-privileges "$@"; }

# An ordinary user with subordinate ids: in a mount namespace whose /etc knows him.
in_rootless_podman() {
  split "$@"
  local home=$work/home
  if [[ ! -d $home ]]; then
    mkdir -p "$home/run" "$home/etc"
    { cat /etc/passwd; printf 'evalrun-test:x:20001:20001::%s:/bin/sh\n' "$home"; } >"$home/etc/passwd"
    { cat /etc/group; printf 'evalrun-test:x:20001:\n'; } >"$home/etc/group"
    printf 'evalrun-test:200000:65536\n' | tee "$home/etc/subuid" >"$home/etc/subgid"
    cp -r "$root" "$home/root"
    chown -R 20001:20001 "$home/root" "$home/run"
    chown 20001:20001 "$home"
    chmod 644 "$work/evalrun.json"
  fi
  # shellcheck disable=SC2016
  with_one_cgroup_tree bash -c 'for f in passwd group subuid subgid; do
      [ -e /etc/$f ] || : >/etc/$f
      mount --bind "$0/etc/$f" /etc/$f
    done
    cd "$0" && exec setpriv --reuid 20001 --regid 20001 --clear-groups env -i PATH="$PATH" HOME="$0" USER=evalrun-test XDG_RUNTIME_DIR="$0/run" \
      bash -c "$1; podman_of \"\$@\"" bash "$0/podman" "${@:2}"' "$home" "$(declare -f podman_of)" "${options[@]}" --rootfs "$home/root" "${command[@]}"
}

in_nspawn() {
  split "$@"
  systemd-nspawn --quiet --register=no --keep-unit --as-pid2 --pipe --private-network --resolv-conf=off --timezone=off \
    -D "$root" "${options[@]}" "${command[@]}" </dev/null
}

# A bundle as `runc spec` writes it; options: unmasked, user.
in_bundle() {
  local runtime=$1 folder
  shift
  split "$@"
  folder=$(mktemp -d "$work/bundle.XXXXXX")
  (cd "$folder" && runc spec)
  python3 - "$folder/config.json" "$root" "${options[*]}" "${command[@]}" <<'PYTHON'
import json, sys
path, root, options, command = sys.argv[1], sys.argv[2], sys.argv[3].split(), sys.argv[4:]
spec = json.load(open(path))
spec["process"].update(args=command, terminal=False)
spec["root"]["path"] = root
if "user" in options:
    spec["process"]["user"] = {"uid": 1000, "gid": 1000}
if "unmasked" in options:
    for key in ("maskedPaths", "readonlyPaths"):
        spec["linux"][key] = [each for each in spec["linux"][key] if not each.startswith("/proc/")]
json.dump(spec, open(path, "w"))
PYTHON
  "$runtime" --root "$work/state" run --bundle "$folder" "evalrun-test-$$-$RANDOM" </dev/null
}
in_runc() { in_bundle runc "$@"; }

# What options of a unit do to it (systemd.exec(5)), for an ordinary user without control groups, on this host itself.
in_unit() { # in_unit PREPARATION -- COMMAND…
  local preparation=$1
  shift
  split "$@"
  unshare --mount --pid --fork env INVOCATION_ID=00000000000000000000000000000001 sh -c "mount -t proc proc /proc
    mount -t overlay -o 'lowerdir=$root/usr/bin:/usr/bin' none /usr/bin
    $preparation
    "'exec setpriv --reuid 20001 --regid 20001 --clear-groups "$@"' sh "${command[@]/#\/plans/$root/plans}"
}

# --- a row -----------------------------------------------------------------------------------------------------------

verdict() { # verdict WAY OPTIONS… -- SETS… : of the three plans
  local way=$1 plan
  shift
  local before=() sets=()
  while [[ $1 != -- ]]; do
    before+=("$1")
    shift
  done
  shift
  sets=("$@")
  local words=() text
  for plan in plain unix loopback; do
    text=$("$way" "${before[@]}" -- /usr/bin/evalrun run --format text "${sets[@]}" "/plans/$plan.toml" 2>"$work/error" | head -n 1 | cut -d' ' -f1) || true
    # An error before the start, as of a layer that is not there.
    [[ -n $text ]] || text=$(grep -q '^evalrun:' "$work/error" && echo refused || echo "?")
    words+=("$text")
  done
  printf '%s' "${words[*]}"
}

state_of() { awk -v name="$2" '/^(good|degraded|broken) / && $2 == name { print $1 }' <<<"$1"; }

# What the doctor's words promise of the three plans; "no": none of them ends well.
promised() { # promised REPORT WITH_ITS_WORDS
  local report=$1 run
  run=$(state_of "$report" run)
  if grep -q '^broken' <<<"$report" || [[ $run != good && $2 == no ]]; then
    printf 'no'
  elif [[ $(state_of "$report" mediation) != good ]]; then
    printf 'OK no no'
  else
    printf 'OK OK OK'
  fi
}

agrees() { # agrees PROMISED SEEN
  local i
  local -a promise seen
  read -r -a promise <<<"$1"
  read -r -a seen <<<"$2"
  [[ ${promise[0]} == OK ]] || promise=(no no no)
  for i in 0 1 2; do
    if [[ ${promise[i]} == OK ]]; then
      [[ ${seen[i]} == OK ]] || return 1
    else
      [[ ${seen[i]} == IE || ${seen[i]} == refused ]] || return 1
    fi
  done
}

# The options that the doctor's remedies name: of the calls, the mounts and /proc, which no run can do without.
remedies() {
  grep -E -A1 '^(broken|degraded) +(user_ns|uts_ns|mount_ns|cgroup_ns|mounts|proc|keyring|mediation|landlock|seccomp) ' <<<"$1" |
    grep -oE -- '--security-opt [^ ,;]+|--system-call-filter="[^"]*"' | sort -u || true
}

row() { # row NAME WAY [OPTIONS…]
  local name=$1 way=$2
  shift 2
  local report state seen with_words='-' words=() answer=agrees
  report=$("$way" "$@" -- /usr/bin/evalrun doctor 2>"$work/error") || true
  if ! grep -q ' kernel ' <<<"$report"; then
    printf '%-34s NOT RUN: %s\n' "$name" "$(head -n 1 "$work/error")"
    return 1
  fi
  state=$(state_of "$report" run)
  grep -q '^broken' <<<"$report" && state=broken
  mapfile -t words < <(grep -A1 '^degraded *run ' <<<"$report" | grep -oE -- '--set [^ ]+' | tr ' ' '\n')
  seen=$(verdict "$way" "$@" --)
  agrees "$(promised "$report" no)" "$seen" || answer=DISAGREES
  if ((${#words[@]})); then
    with_words=$(verdict "$way" "$@" -- "${words[@]}")
    agrees "$(promised "$report" yes)" "$with_words" || answer=DISAGREES
  fi
  [[ $answer == agrees ]] || failed=1
  printf '%-34s %-9s %-26s %-12s %s\n' "$name" "$state" "$seen" "$with_words" "$answer"
  last_report=$report
}

mended_row() { # as row, and then with the remedy
  row "$@" || return 0
  local name=$1 way=$2 option
  shift 2
  local -a options=()
  while read -r option; do
    [[ -n $option ]] || continue
    option=${option//evalrun.json/$work/evalrun.json}
    if [[ $option == --security-opt* ]]; then
      options+=(--security-opt "${option#--security-opt }")
    else
      option=${option//\"/}
      options+=("$option")
    fi
  done < <(remedies "$last_report")
  ((${#options[@]})) || return 0
  row "  + its remedy" "$way" "$@" "${options[@]}" || return 0
  printf '      %s\n' "${options[*]//$work\//}"
  # What is left may cost no plan anything.
  if ! agrees "OK OK OK" "$(verdict "$way" "$@" "${options[@]}" --)"; then
    printf '      NOT ENOUGH\n'
    failed=1
  fi
}

not_here() { printf '%-34s NOT RUN: %s\n' "$1" "$2"; }

# --- the matrix ------------------------------------------------------------------------------------------------------

start_docker() {
  command -v dockerd >/dev/null || return 1
  dockerd -H "unix://$work/docker.sock" --data-root "$work/docker" --exec-root "$work/docker-run" --pidfile "$work/docker.pid" \
    --bridge=none --iptables=false --ip6tables=false --storage-driver vfs >"$work/docker.log" 2>&1 &
  docker_pid=$!
  for _ in $(seq 60); do
    docker_client version >/dev/null 2>&1 && break
    kill -0 "$docker_pid" 2>/dev/null || return 1
    sleep 0.5
  done
  tar -C "$root" -c . | docker_client import - evalrun-test >/dev/null
}

((EUID == 0)) || { echo "matrix.sh: this needs root" >&2; exit 2; }
make_root
printf '%-34s %-9s %-26s %-12s %s\n' setting doctor "plain unix loopback" "its words" "doctor and plans"

if start_docker; then
  mended_row "Docker" in_docker
  mended_row "Docker, uid 1000, no capability" in_docker_as_user
else
  not_here "Docker" "no daemon can be started: $(tail -n 1 "$work/docker.log" 2>/dev/null || echo "dockerd is not installed")"
fi
if command -v podman >/dev/null; then
  mended_row "Podman, root" in_podman
  row "  + unmask=/proc/* alone" in_podman --security-opt 'unmask=/proc/*' || true
  mended_row "Podman, root, uid 1000" in_podman_as_user
  mended_row "Podman, rootless" in_rootless_podman
else
  not_here "Podman" "podman is not installed"
fi
if command -v systemd-nspawn >/dev/null; then
  mended_row "systemd-nspawn" in_nspawn
else
  not_here "systemd-nspawn" "systemd-nspawn is not installed"
fi
if command -v runc >/dev/null && command -v python3 >/dev/null; then
  row "runc, its own bundle" in_runc || true
  row "  + uid 1000" in_runc user || true
  row "  + no maskedPaths of /proc" in_runc user unmasked || true
else
  not_here "runc" "runc or python3 is not installed"
fi

# Units: what their options do, one by one, without systemd.
row "unit, none of them" in_unit : || true
row "unit, ProtectKernelTunables=yes" in_unit "mount --bind /proc/sys /proc/sys; mount -o remount,bind,ro /proc/sys" || true
row "unit, ProtectProc=invisible" in_unit "mount -o remount,hidepid=2 /proc" || true

if [[ -d /run/systemd/system ]]; then
  not_here "a unit of systemd itself" "this script imitates its options alone"
else
  not_here "a unit of systemd itself" "pid 1 is not systemd"
fi
not_here "Kubernetes" "no cluster; docs/containers.md and the example pod are from its documentation"
[[ $(cat /sys/module/apparmor/parameters/enabled 2>/dev/null) == Y ]] || not_here "AppArmor" "this kernel has none"
[[ -d /sys/fs/selinux ]] || not_here "SELinux" "it is not loaded"
[[ $(stat -fc %T /sys/fs/cgroup) == cgroup2fs ]] || not_here "delegated v2 control groups" "this host has v1 trees"

exit "$failed"
