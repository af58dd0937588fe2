import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import test from 'ava';
import { GpuTable } from '../../../src/gpu/claims/gpu-table.js';
import { tablePlace } from '../../../src/gpu/claims/table-folder.js';
import { tableProcess } from '../../support/table-process.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const NOBODY = 65534;
const asRoot = process.getuid?.() === 0 ? test : test.skip;

test('the shared folder is made for agents of every user, whatever the umask', async (t) => {
  const shared = path.join(temporaryFolder(t), 'table');
  const before = process.umask(0o077);
  t.teardown(() => process.umask(before));
  t.deepEqual(await tablePlace({ configured: undefined, stateFolder: '/nowhere', shared }), {
    folder: shared,
  });
  t.is(statSync(shared).mode & 0o7777, 0o777);
});

test('a look makes nothing', async (t) => {
  const shared = path.join(temporaryFolder(t), 'table');
  const place = await tablePlace({ configured: undefined, stateFolder: '/nowhere', shared, look: true });
  t.deepEqual(place, { folder: shared });
  t.throws(() => statSync(shared), { code: 'ENOENT' });
  const table = await GpuTable.open({ folder: shared, warn: (line) => t.fail(line) });
  t.deepEqual((await table.read()).claims, []);
});

const PLANTED: readonly [name: string, plant: (folder: string) => void, problem: RegExp][] = [
  ['a link', (folder) => symlinkSync('/tmp', folder), /expected a folder, found a link/],
  ['a file', (folder) => writeFileSync(folder, ''), /expected a folder, found a file/],
];
for (const [name, plant, problem] of PLANTED) {
  test(`${name} in the place of the folder is not used`, async (t) => {
    const root = temporaryFolder(t);
    const shared = path.join(root, 'table');
    plant(shared);
    const place = await tablePlace({ configured: undefined, stateFolder: root, shared });
    t.is(place.folder, path.join(root, 'gpus', hostname()));
    t.regex(place.alone ?? '', problem);
    await t.throwsAsync(tablePlace({ configured: shared, stateFolder: root }), { message: problem });
  });
}

test('a folder above that is missing is an error of the configuration, and else the own table', async (t) => {
  const root = temporaryFolder(t);
  const shared = path.join(root, 'none', 'table');
  await t.throwsAsync(tablePlace({ configured: shared, stateFolder: root }), {
    message: /agent\.gpu_table: cannot use .*there is no folder above it/,
  });
  t.regex((await tablePlace({ configured: undefined, stateFolder: root, shared })).alone ?? '', /not seen/);
});

/** Claims card 0 and prints what others have of it. */
const CLAIMER = `
const [folder] = process.argv.slice(1);
const table = await GpuTable.open({ folder, warn: (line) => console.error(line) });
const device = { key: 'GPU-0', id: '0', share: 1 };
const claim = await table.claim(({ claims }) => overdrawn(claims, [device]) === undefined ? { worker: 'w', devices: [device] } : undefined);
console.log(claim === undefined ? 'taken' : 'claimed');
if (claim !== undefined) await table.release(claim.id);
`;

asRoot('agents of two users see each other', async (t) => {
  const root = temporaryFolder(t);
  chmodSync(root, 0o755);
  const folder = path.join(root, 'table');
  await tablePlace({ configured: folder, stateFolder: root });
  const wrapper = [
    'setpriv',
    '--reuid',
    String(NOBODY),
    '--regid',
    String(NOBODY),
    '--clear-groups',
  ] as const;
  const table = await GpuTable.open({ folder, warn: (line) => t.fail(line) });
  const claim = await table.claim(() => ({ worker: 'root', devices: [{ key: 'GPU-0', id: '0', share: 1 }] }));
  const other = await tableProcess(CLAIMER, [folder], { wrapper });
  t.is(other.stdout.trim(), 'taken', other.stderr);
  await table.release(String(claim?.id));
  t.is((await tableProcess(CLAIMER, [folder], { wrapper })).stdout.trim(), 'claimed');
  await table.close();
});

asRoot('a folder that another user keeps for himself leads to the own table', async (t) => {
  const root = temporaryFolder(t);
  chmodSync(root, 0o777);
  const shared = path.join(root, 'table');
  mkdirSync(shared, { mode: 0o700 });
  chownSync(shared, 1234, 1234);
  const script = `
const { tablePlace } = await import(new URL('table-folder.js', 'file://' + process.cwd() + '/').href);
console.log(JSON.stringify(await tablePlace({ configured: undefined, stateFolder: ${JSON.stringify(path.join(root, 'state'))}, shared: ${JSON.stringify(shared)} })));`;
  const wrapper = [
    'setpriv',
    '--reuid',
    String(NOBODY),
    '--regid',
    String(NOBODY),
    '--clear-groups',
  ] as const;
  const { stdout, stderr } = await tableProcess(script, [], { wrapper });
  t.regex(stdout, /permission denied; GPU claims of other users/, stderr);
});

asRoot('a full disk refuses a claim, and a release still works', async (t) => {
  const root = temporaryFolder(t);
  const disk = path.join(root, 'disk');
  mkdirSync(disk);
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk]).status !== 0) {
    t.pass('this machine mounts nothing');
    return;
  }
  t.teardown(() => execFileSync('umount', ['-l', disk]));
  const folder = path.join(disk, 'table');
  await tablePlace({ configured: folder, stateFolder: root });
  const table = await GpuTable.open({ folder, warn: (line) => t.fail(line) });
  const device = { key: 'GPU-0', id: '0', share: 1 };
  const claim = await table.claim(() => ({ worker: 'w', devices: [device] }));
  t.throws(() => writeFileSync(path.join(disk, 'filler'), Buffer.alloc(1024 * 1024)), { code: 'ENOSPC' });
  await t.throwsAsync(
    table.claim(() => ({ worker: 'w', devices: [{ ...device, key: 'GPU-1', id: '1' }] })),
    { code: 'DISK_FULL' },
  );
  await table.release(String(claim?.id));
  t.deepEqual((await table.read()).claims, []);
  await table.close();
});
