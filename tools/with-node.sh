#!/bin/sh
# Runs a script with Node 24 and the dependencies in place: sh tools/with-node.sh SCRIPT ARGUMENT…
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
. "$root/tools/bootstrap.sh"
exec "$node" --disable-warning=ExperimentalWarning "$@"
