import { buffer } from 'node:stream/consumers';
import { deflateRawSync } from 'node:zlib';
import test from 'ava';
import { ZipFile } from 'yazl';
import { bundleOf, LIMITS } from '../../../../src/server/apps/archive/bundle.js';
import { pack } from '../../../../src/server/apps/archive/pack.js';
import { unpack } from '../../../../src/server/apps/archive/unpack.js';
import { zipOf } from '../../../support/zip-file.js';

async function zipped(fill: (zip: ZipFile) => void): Promise<Buffer> {
  const zip = new ZipFile();
  fill(zip);
  zip.end();
  return buffer(zip.outputStream);
}

test('what is packed is unpacked as it was, and the same files make the same archive', async (t) => {
  const files = { name: 'a.app.conf', text: 'id: a', assets: new Map([['b/c.png', Buffer.from([0, 255])]]) };
  const archive = await pack(files);
  t.deepEqual(bundleOf(await unpack(archive, 'a.zip'), 'a.zip'), files);
  t.deepEqual(await pack(files), archive);
});

const BAD: readonly [what: string, archive: () => Buffer | Promise<Buffer>, message: RegExp][] = [
  [
    'a text',
    () => Buffer.from('no archive'),
    /^a\.zip: expected a zip archive that can be unpacked, found: /,
  ],
  ['an empty file', () => Buffer.alloc(0), /^a\.zip: expected a zip archive/],
  ['a path that leads out', () => zipOf({ '../evil': 'x' }), /found: invalid relative path/],
  ['an absolute path', () => zipOf({ '/etc/evil': 'x' }), /found: absolute path/],
  ['backslashes in a path', () => zipOf({ '..\\evil': 'x' }), /found: invalid characters in fileName/],
  [
    'a link',
    () => zipped((zip) => zip.addBuffer(Buffer.from('/etc/passwd'), 'assets/link', { mode: 0o120777 })),
    /^a\.zip: "assets\/link": expected a plain file, found a link or a device$/,
  ],
  [
    'a zip bomb',
    () => zipped((zip) => zip.addBuffer(Buffer.alloc(4_000_000), 'assets/bomb')),
    /"assets\/bomb": expected a file at most 100 times larger than in the archive, found 4000000 bytes from \d+$/,
  ],
  [
    'a file that is too large',
    () => zipped((zip) => zip.addBuffer(Buffer.alloc(LIMITS.file + 1), 'assets/large', { compress: false })),
    /"assets\/large": expected at most 5242880 bytes, found 5242881$/,
  ],
  [
    'too many files',
    () =>
      zipped((zip) => {
        for (let at = 0; at <= LIMITS.files; at += 1) zip.addBuffer(Buffer.from('x'), `assets/${at}`);
      }),
    /expected at most 200 files, found 201$/,
  ],
  [
    'a file that is there twice',
    () =>
      zipped((zip) => {
        for (const text of ['x', 'y']) zip.addBuffer(Buffer.from(text), 'assets/a');
      }),
    /"assets\/a": it is there twice$/,
  ],
  [
    'an archive that is too large',
    () => Buffer.alloc(LIMITS.archive + 1),
    /expected at most 10485760 bytes, found 10485761$/,
  ],
  ['a file that is larger than its size says', () => liar(), /found: too many bytes in the stream/],
];

for (const [what, archive, message] of BAD) {
  test(`${what} is refused`, async (t) => {
    await t.throwsAsync(async () => unpack(await archive(), 'a.zip'), { message });
  });
}

/** A compressed entry whose stated size is smaller than what comes out. */
function liar(): Buffer {
  const content = deflateRawSync(Buffer.alloc(50_000, 'ab'));
  const archive = zipOf({ a: content.toString('latin1').replaceAll(/[^\0-\x7f]/g, '?') });
  const name = archive.indexOf('PK\u0001\u0002', 'latin1');
  const sized = Buffer.from(archive);
  sized.writeUInt16LE(8, 8);
  sized.writeUInt16LE(8, name + 10);
  const raw = Buffer.concat([sized.subarray(0, 31), content, sized.subarray(name)]);
  const directory = 31 + content.length;
  raw.writeUInt32LE(content.length, 18);
  raw.writeUInt32LE(10, 22);
  raw.writeUInt32LE(content.length, directory + 20);
  raw.writeUInt32LE(10, directory + 24);
  raw.writeUInt32LE(directory, raw.length - 6);
  return raw;
}

const NO_APP: readonly [what: string, paths: readonly string[], message: string][] = [
  [
    'without an application file',
    ['readme.md'],
    'x.zip: expected one file NAME.app.conf at the top, found readme.md',
  ],
  [
    'with the file in a folder',
    ['a/b.app.conf'],
    'x.zip: expected one file NAME.app.conf at the top, found a/b.app.conf',
  ],
  [
    'with two of them',
    ['b.app.conf', 'a.app.conf'],
    'x.zip: expected one file NAME.app.conf, found a.app.conf, b.app.conf',
  ],
  ['without files', [], 'x.zip: expected one file NAME.app.conf at the top, found nothing'],
];

for (const [what, paths, message] of NO_APP) {
  test(`an archive ${what} is no application`, (t) => {
    const files = new Map(paths.map((path) => [path, Buffer.alloc(0)]));
    t.throws(() => bundleOf(files, 'x.zip'), { message });
  });
}
