#!/bin/sh
# Plays `repro-audit` in the tests' image.
case "$1" in
  all) echo "arguments: $*" ;;
  exit) exit "$2" ;;
  sh) shift; exec sh "$@" ;;
esac
