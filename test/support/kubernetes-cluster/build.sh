#!/bin/sh
# Builds the cluster that the tests on Kubernetes start. Needs Go, gcc and a Go module proxy; takes about 5 minutes on two
# free processors and 4 GB of disk.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
into=${1:-$here/../../../node_modules/.cache/test-tools/kubernetes}
mkdir -p "$into"
gcc -static -O2 -o "$into/pause.new" "$here/pause.c"
cd "$here"
CGO_ENABLED=0 GOFLAGS=-mod=readonly go build -trimpath -ldflags "-s -w" -o "$into/cluster.new" .
mv "$into/pause.new" "$into/pause"
mv "$into/cluster.new" "$into/cluster"
