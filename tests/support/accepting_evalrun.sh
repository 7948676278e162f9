#!/bin/sh
# What the tests call in place of evalrun on a kernel that lacks a layer: each plan accepts the lack of the layers that
# EVALRUN_ACCEPT_MISSING names. See tests/support/paths.h.
verb=
case ${1-} in
  run | exec | batch | check | explain | trace | judge)
    verb=$1
    shift
    ;;
  '' | image | schema | doctor | help | -h | --help | --version | --generate) exec "${EVALRUN_BUILD_DIR:-${0%/tests/*}/build}/evalrun" "$@" ;;
esac
for layer in $EVALRUN_ACCEPT_MISSING; do set -- --set "require.$layer=if-available" "$@"; done
exec "${EVALRUN_BUILD_DIR:-${0%/tests/*}/build}/evalrun" ${verb:+"$verb"} "$@"
