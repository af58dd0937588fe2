import { appendFile, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import { AgentError } from '../../../src/errors.js';
import {
  diskError,
  ensureFolder,
  entryExists,
  exists,
  JsonLinesFile,
  readTextIfThere,
  writeFileDurable,
} from '../../../src/os/files.js';
import { tempFolder } from '../../support/local-run.js';
import { troubleshootingLine } from '../../support/troubleshooting.js';

test('replaces a file as a whole, with the mode that was asked for', async (t) => {
  const folder = await tempFolder(t);
  const file = path.join(folder, 'f');
  await writeFileDurable(file, 'one');
  t.is((await stat(file)).mode & 0o777, 0o600);
  await writeFileDurable(file, Buffer.from('two'), 0o644);
  t.is((await stat(file)).mode & 0o777, 0o644);
  t.is(await readFile(file, 'utf8'), 'two');
  t.deepEqual(await readdir(folder), ['f']);
  await t.throwsAsync(writeFileDurable(path.join(file, 'below'), 'x'), { code: 'ENOTDIR' });
  t.is(await readTextIfThere(path.join(folder, 'none')), undefined);
  t.is(await readTextIfThere(path.join(file, 'below')), undefined);
});

test('leaves nothing behind when it cannot replace', async (t) => {
  const folder = await tempFolder(t);
  await mkdir(path.join(folder, 'f', 'full'), { recursive: true });
  await t.throwsAsync(writeFileDurable(path.join(folder, 'f'), 'x'));
  t.deepEqual(await readdir(folder), ['f']);
});

test('makes folders for the user alone', async (t) => {
  const folder = path.join(await tempFolder(t), 'a', 'b');
  await ensureFolder(folder);
  await ensureFolder(folder);
  t.is((await stat(folder)).mode & 0o777, 0o700);
});

test('keeps the order of values and drops a torn last line', async (t) => {
  const file = path.join(await tempFolder(t), 'lines');
  const first = await JsonLinesFile.open(file);
  await Promise.all([first.append({ a: 1 }), first.append('two\n'), first.append([3])]);
  await first.close();
  await appendFile(file, '\0\0\0\n{"torn":');
  const second = await JsonLinesFile.open(file);
  t.deepEqual(second.entries, [{ a: 1 }, 'two\n', [3]]);
  await second.append(4);
  await second.close();
  const third = await JsonLinesFile.open(file);
  t.deepEqual(third.entries, [{ a: 1 }, 'two\n', [3], 4]);
  await third.close();
});

test('names the place when a disk is full', async (t) => {
  const full = await t.throwsAsync(writeFile('/dev/full', 'x'), { code: 'ENOSPC' });
  const error = diskError(full, '/data/x');
  if (!(error instanceof AgentError)) return t.fail(String(error));
  t.is(error.code, 'DISK_FULL');
  t.regex(error.message, troubleshootingLine('disk-full', { file: '/data/x' }));
  const other = new Error('other');
  t.is(diskError(other, '/data/x'), other);
});

test('a link that leads nowhere is an entry and no file', async (t) => {
  const folder = await tempFolder(t);
  const [file, link] = [path.join(folder, 'f'), path.join(folder, 'link')];
  await symlink('f', link);
  t.deepEqual([await exists(link), await entryExists(link)], [false, true]);
  await writeFile(file, '');
  t.deepEqual([await exists(link), await exists(file), await entryExists(file)], [true, true, true]);
  t.deepEqual([await exists(`${file}/x`), await entryExists(`${file}/x`)], [false, false]);
});
