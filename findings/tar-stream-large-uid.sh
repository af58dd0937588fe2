#!/usr/bin/env bash
# Do owners with large numbers survive tar-stream: accounts of a directory service (1600001234), users of rootless containers?
# One would guess yes, or an error: GNU tar writes and reads them in its own format (base 256) and in the posix format (pax).
# What happens: no error. pack() writes each uid and gid above 262143 as 262143, though its field has room for 2097151 in
# octal and for any number in base 256. extract() reads base 256 right, but takes only path, link and size from a pax header: an
# archive of `tar --format=posix`, where the field of a number above 2097151 holds 0, says that root owns the file; header.pax
# alone has the owner.
# Seen with tar-stream 3.2.2 and GNU tar 1.34 on Node 20.20 on 2026-11-30.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund tar-stream@3.2.2
cat > pack.cjs <<'NODE'
const tar = require('tar-stream');
console.log('tar-stream', require('./node_modules/tar-stream/package.json').version);
const pack = tar.pack();
pack.entry({ name: 'file', uid: 1600001234, gid: 3000000 }, 'x');
pack.finalize();
pack.pipe(require('node:fs').createWriteStream('packed.tar'));
NODE
cat > read.cjs <<'NODE'
const { extract } = require('tar-stream');
const [, , file] = process.argv;
require('node:fs').createReadStream(file).pipe(
  extract().on('entry', ({ uid, gid, pax }, content, next) => {
    console.log(`${uid}/${gid}${pax ? ` (header.pax: ${pax.uid}/${pax.gid})` : ''}`);
    content.on('end', next).resume();
  }),
);
NODE
node pack.cjs
tar --version | head -1
packed=$(tar --numeric-owner -tvf packed.tar | awk '{ print $2 }')
echo x > file
owner=(--owner=:1600001234 --group=:3000000)
tar --format=gnu "${owner[@]}" -cf gnu.tar file
tar --format=posix "${owner[@]}" -cf posix.tar file
gnu=$(node read.cjs gnu.tar)
posix=$(node read.cjs posix.tar)
printf '%s\n' "1600001234/3000000, packed by tar-stream: $packed" \
  "1600001234/3000000, packed by GNU tar in its format, read by tar-stream: $gnu" \
  "1600001234/3000000, packed by GNU tar in the posix format, read by tar-stream: $posix"
[ "$packed $gnu $posix" = '262143/262143 1600001234/3000000 0/0 (header.pax: 1600001234/3000000)' ] || {
  echo 'the behaviour has changed'
  exit 1
}
