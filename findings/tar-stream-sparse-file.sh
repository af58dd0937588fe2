#!/usr/bin/env bash
# What does tar-stream give for a sparse file (a checkpoint with holes, a disk image) that `tar --sparse` packed?
# One would guess the file with its name and size, or an error: Python's tarfile and GNU tar expand both of GNU tar's formats.
# What happens: no error. In the posix format the entry is a plain `file` named `./GNUSparseFile.PID/NAME` whose content begins
# with the map of the holes; name and true size stand only in `header.pax`. In the gnu format the name is right, the type is
# null and the content holds the data without the holes. Either way a program that unpacks by name and content writes a wrong file.
# Seen with tar-stream 3.2.2, GNU tar 1.34 and Python 3.11 on 2026-11-29.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund tar-stream@3.2.2
python3 -c "
with open('model.bin', 'wb') as file:
    file.truncate(1 << 20)
    file.seek(1 << 19)
    file.write(b'weights')"
tar --version | head -1
cat > read.mjs <<'NODE'
import { createReadStream } from 'node:fs';
import tar from 'tar-stream';
const extract = tar.extract();
createReadStream(process.argv[2]).pipe(extract);
for await (const entry of extract) {
  let length = 0;
  for await (const part of entry) length += part.length;
  console.log(entry.header.name.replace(/\d+/, 'PID'), entry.header.type, length < 1 << 20 ? 'too short' : 'whole');
}
NODE
status=0
while read -r format expected; do
  tar --sparse --format="$format" -cf "$format.tar" model.bin
  found=$(node read.mjs "$format.tar")
  echo "$format: tar-stream gives $found; Python gives $(python3 -c "
import sys, tarfile
print(*((one.name, one.size) for one in tarfile.open(sys.argv[1])))" "$format.tar")"
  [ "$found" = "$expected" ] || status=1
done <<'CASES'
posix ./GNUSparseFile.PID/model.bin file too short
gnu model.bin null too short
CASES
[ "$status" = 0 ] || echo 'the behaviour has changed'
exit "$status"
