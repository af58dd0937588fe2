import { chmod, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { isAgentError } from '../../../src/errors.js';
import { ensureFolder } from '../../../src/os/files.js';

async function place(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'folders-test-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

test('folders that are missing are made, those that are there stay', async (t) => {
  const folder = await place(t);
  await chmod(folder, 0o755);
  const deep = path.join(folder, 'a/b/c');
  await Promise.all([ensureFolder(deep), ensureFolder(`${deep}/`), ensureFolder(path.join(folder, 'a/b/d'))]);
  t.is((await stat(deep)).mode & 0o777, 0o700);
  t.is((await stat(folder)).mode & 0o777, 0o755);
  await symlink(deep, path.join(folder, 'link'));
  await ensureFolder(path.join(folder, 'link', 'e'));
  t.true((await stat(path.join(deep, 'e'))).isDirectory());
});

const REFUSED: [name: string, make: (folder: string) => Promise<string>, why: RegExp][] = [
  // Node's own recursive mkdir never ends there.
  ['a file system that makes no folders', async () => '/proc/agent/x', /takes no new folders there$/],
  [
    'a file on the path',
    async (folder) => {
      await writeFile(path.join(folder, 'file'), '');
      return path.join(folder, 'file/x/y');
    },
    /found a file$/,
  ],
  [
    'a file in its place',
    async (folder) => {
      await writeFile(path.join(folder, 'file'), '');
      return path.join(folder, 'file');
    },
    /expected a folder, found a file/,
  ],
  [
    'a broken symbolic link',
    async (folder) => {
      await symlink('/nonexistent/x', path.join(folder, 'link'));
      return path.join(folder, 'link');
    },
    /found a file or a broken symbolic link$/,
  ],
  [
    'a link to itself',
    async (folder) => {
      await symlink('link', path.join(folder, 'link'));
      return path.join(folder, 'link/x');
    },
    /a link that leads to itself$/,
  ],
];

for (const [name, make, why] of REFUSED) {
  test(`a folder that cannot be made: ${name}`, async (t) => {
    const folder = await make(await place(t));
    const error = await t.throwsAsync(ensureFolder(folder));
    t.true(isAgentError(error, 'WRITE_DENIED'), String(error));
    t.true(error?.message.startsWith(`cannot write ${folder}: `), error?.message);
    t.regex(error?.message ?? '', why);
  });
}
