#!/bin/sh
# Builds what the tests on Kubernetes start into a folder: the cluster, the first process of pods, Helm; with the word kwok
# what the bench adds. Needs Go and its module proxy; takes about 5 minutes on two free processors and 4 GB of disk. A Go before
# 1.24 fetches that one as a module.
set -eu
into=${1:?usage: build.sh FOLDER [kwok]}
what=${2:-cluster}
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$into"
into=$(cd "$into" && pwd)
PATH=$PATH:/usr/local/go/bin
wanted=go1.24.13

have=$(go version | sed -E 's/^go version go1\.([0-9]+).*/\1/')
if [ "$have" -lt 21 ]; then
  # Such a release knows nothing of toolchains; the module lacks the right to execute its programs.
  module=golang.org/toolchain@v0.0.1-$wanted.$(go env GOOS)-$(go env GOARCH)
  folder=$(GO111MODULE=on GOFLAGS=-mod=mod go mod download -json "$module" | sed -n 's/^.*"Dir": "\(.*\)".*$/\1/p')
  chmod -R u+x "$folder/bin" "$folder/pkg/tool"
  PATH=$folder/bin:$PATH
  export GOROOT="$folder"
elif [ "$have" -lt 24 ]; then
  export GOTOOLCHAIN=$wanted
fi

export CGO_ENABLED=0 GOFLAGS=-mod=readonly
new=$into/new.$$
trap 'rm -rf "$new"' EXIT
build() {
  go build -trimpath -buildvcs=false -ldflags "-s -w" -o "$new/" "$@"
}
if [ "$what" = kwok ]; then
  cd "$here/kwok"
  build .
else
  cd "$here"
  build . ./pause helm.sh/helm/v3/cmd/helm
fi
mv "$new"/* "$into/"
