#!/bin/busybox sh
# shellcheck shell=dash
# First program of the emulated machine. pivot_root refuses to leave an initramfs, so everything moves to a tmpfs first.
/bin/busybox mount -t devtmpfs dev /dev
exec </dev/null >/dev/ttyS0 2>&1
/bin/busybox mount -t tmpfs -o mode=755 root /new
for name in bin sbin lib lib64 usr etc root var run tmp evalrun guest.sh core_handler.sh; do
  /bin/busybox cp -a "/$name" /new/
done
/bin/busybox mkdir -p /new/dev /new/proc /new/sys
/bin/busybox mount --move /dev /new/dev
exec /bin/busybox switch_root /new /guest.sh
