#!/bin/sh
# Runs all tests, or those whose path contains one of the arguments: npm test -- ip units
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
. "$root/tools/bootstrap.sh"
cd "$root"
exec "$node" --disable-warning=ExperimentalWarning tools/test.ts "$@"
