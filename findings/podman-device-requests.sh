#!/usr/bin/env bash
# What does Podman's Docker-compatible API make of a request for GPUs (HostConfig.DeviceRequests, which `docker run --gpus` sends)?
# One would guess a device, or an error: Docker without NVIDIA's runtime answers "could not select device driver", and Podman's
# API refuses other things that it cannot give (a missing init, a storage option) with 500.
# What happens: 201 and no warning; the container is made without the device. inspect has `DeviceRequests: null`, for NVIDIA's form
# as for a CDI name that does not exist. A task that falls back to the CPU then runs for days where nobody looks.
# Podman 4.3.1 of Debian 12, 2026-11-30; by its notes 5.4 is the first that reads CDI names there. Takes root and apt-get; nothing is
# installed.
set -euo pipefail
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null; wait; rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq podman=4.3.1+ds1-8+deb12u1+b3 conmon crun busybox-static libgpgme11 libassuan0 libdevmapper1.02.1 libsubid4 libyajl2 2>/dev/null
for package in *.deb; do dpkg -x "$package" tree; done
export PATH=$folder/tree/usr/bin:$PATH HOME=$folder
LD_LIBRARY_PATH=$(find "$folder/tree" -name '*.so*' -printf '%h\n' | sort -u | paste -sd:)
export LD_LIBRARY_PATH
mkdir -p .config/containers image/bin
cp tree/bin/busybox image/bin/sh
echo '{ "default": [{ "type": "insecureAcceptAnything" }] }' >.config/containers/policy.json
printf '[engine]\nruntime = "crun"\nconmon_path = ["%s"]\n[engine.runtimes]\ncrun = ["%s"]\n' \
  "$folder/tree/usr/bin/conmon" "$folder/tree/usr/bin/crun" >containers.conf
export CONTAINERS_CONF=$folder/containers.conf
engine=(podman --root "$folder/root" --runroot "$folder/run" --tmpdir "$folder/tmp" --storage-driver vfs
  --cgroup-manager cgroupfs --events-backend file)
podman --version
tar -C image -c . | "${engine[@]}" import --quiet - image:1 >/dev/null
"${engine[@]}" system service --time 0 "unix://$folder/socket" 2>service.log &
for _ in $(seq 100); do [ -S socket ] || sleep 0.1; done
ask() { curl --silent --unix-socket socket --header 'Content-Type: application/json' "http://engine/v1.41/containers/$1" "${@:2}"; }
make() {
  body="{\"Image\":\"image:1\",\"Cmd\":[\"sh\"],\"HostConfig\":{\"NetworkMode\":\"none\",\"DeviceRequests\":[$2]}}"
  ask "create?name=$1" --write-out ' %{http_code}' --data "$body" | sed -E 's/"Id":"[0-9a-f]+"/"Id":…/' | tr -d '\n'
  ask "$1/json" | python3 -c '
import json, sys
host = json.load(sys.stdin)["HostConfig"]
print("; DeviceRequests", host["DeviceRequests"], "Devices", host["Devices"])'
}
nvidia=$(make nvidia '{"Driver":"nvidia","Count":-1,"Capabilities":[["gpu"]]}')
cdi=$(make cdi '{"Driver":"cdi","DeviceIDs":["nvidia.com/gpu=all"]}')
printf '%s\n' "$nvidia" "$cdi"
expected='{"Id":…,"Warnings":[]} 201; DeviceRequests None Devices []'
[ "$nvidia$cdi" = "$expected$expected" ] || {
  echo 'the behaviour has changed'
  exit 1
}
