import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { GpuTable } from '../../../src/gpu/claims/gpu-table.js';
import type { Claim, NewClaim } from '../../../src/gpu/claims/types.js';
import { tableProcess } from '../../support/table-process.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const DEVICE = { key: 'GPU-0', id: '0', share: 1 };
const WANTED: NewClaim = { worker: 'w', devices: [DEVICE] };

async function openTable(t: ExecutionContext, folder: string) {
  const warnings: string[] = [];
  const table = await GpuTable.open({ folder, warn: (line) => warnings.push(line) });
  t.teardown(() => table.close());
  return { table, warnings };
}

async function claimed(table: GpuTable, wanted: NewClaim = WANTED): Promise<Claim> {
  const claim = await table.claim(() => wanted);
  if (claim === undefined) throw new Error('nothing was claimed');
  return claim;
}

function fileOf(folder: string, { id }: Pick<Claim, 'id'>): string {
  return path.join(folder, `claim-${id}.json`);
}

test('a claim is there for others until it is released', async (t) => {
  const folder = path.join(temporaryFolder(t), 'table');
  const { table } = await openTable(t, folder);
  const { table: other } = await openTable(t, folder);
  t.is(await table.claim(() => undefined), undefined);
  const claim = await claimed(table);
  t.deepEqual((await other.read()).claims, [claim]);
  await t.throwsAsync(claimed(other), { code: 'GPU_TABLE', message: /GPU 0 has less free/ });
  await table.release(claim.id);
  await table.release(claim.id);
  t.deepEqual((await other.read()).claims, []);
});

test('shared devices are claimed beyond a whole', async (t) => {
  const folder = path.join(temporaryFolder(t), 'table');
  const { table } = await openTable(t, folder);
  await claimed(table);
  const sharing = await GpuTable.open({ folder, sharing: true, warn: (line) => t.fail(line) });
  t.teardown(() => sharing.close());
  t.truthy(await claimed(sharing));
});

test('an adopted claim that another has taken meanwhile is written, and the other is named', async (t) => {
  const folder = path.join(temporaryFolder(t), 'table');
  const { table } = await openTable(t, folder);
  const first = await claimed(table);
  await table.release(first.id);
  const second = await claimed(table);
  const { conflicts } = await table.adopt(first);
  t.deepEqual(conflicts, [second]);
  t.is((await table.read()).claims.length, 2);
});

function replaced(file: string, make: () => void): void {
  rmSync(file);
  make();
}

/** What may stand in the place of a claim's file. */
const DAMAGE: readonly [name: string, damage: (file: string) => void, why: RegExp][] = [
  ['a cut off record', (file) => truncateSync(file, 40), /expected JSON/],
  ['an empty file', (file) => truncateSync(file, 0), /expected JSON/],
  ['another JSON', (file) => writeFileSync(file, '{"id":"x"}'), /expected a value as worker/],
  [
    'a share of 2',
    (file) => writeFileSync(file, readFileSync(file, 'utf8').replace('"share":1', '"share":2')),
    /shares/,
  ],
  ['a record of a later version', (file) => writeFileSync(file, '{"format":99}'), /newer version/],
  ['a long file', (file) => writeFileSync(file, ' '.repeat(70_000)), /at most 65536 bytes, found 70000/],
  ['a link', (file) => replaced(file, () => symlinkSync('/etc/passwd', file)), /found a link/],
  ['a pipe', (file) => replaced(file, () => execFileSync('mkfifo', [file])), /found a folder, a pipe/],
  ['a folder', (file) => replaced(file, () => mkdirSync(file)), /found a folder/],
];
for (const [name, damage, why] of DAMAGE) {
  test(`${name} in the place of a claim blocks all claims until its agent has written it again`, async (t) => {
    const folder = path.join(temporaryFolder(t), 'table');
    const { table, warnings } = await openTable(t, folder);
    const { table: other } = await openTable(t, folder);
    const claim = await claimed(table);
    const file = fileOf(folder, claim);
    damage(file);
    const view = await other.read();
    t.deepEqual(view.claims, []);
    t.is(view.damaged[0]?.file, file);
    t.regex(view.damaged[0]?.why ?? '', why);
    await t.throwsAsync(claimed(other, { ...WANTED, devices: [{ ...DEVICE, key: 'GPU-9', id: '9' }] }), {
      code: 'GPU_TABLE',
      message: /no GPU is claimed: the record .* cannot be read/,
    });
    await table.claim(() => undefined);
    t.deepEqual(warnings, [`the GPU claim ${file} was lost or damaged: it is written again`]);
    t.deepEqual(await other.read(), { claims: [claim], damaged: [], outOfService: [], reservations: [] });
  });
}

test('a link that is planted for the lock is replaced and not followed', async (t) => {
  const root = temporaryFolder(t);
  const folder = path.join(root, 'table');
  const { table } = await openTable(t, folder);
  await table.claim(() => undefined);
  const victim = path.join(root, 'victim');
  writeFileSync(victim, 'precious');
  symlinkSync(victim, path.join(folder, 'lock'));
  t.truthy(await claimed(table));
  t.is(readFileSync(victim, 'utf8'), 'precious');
});

test('an agent that looks at the table writes its claims again where the folder was emptied', async (t) => {
  const folder = path.join(temporaryFolder(t), 'table');
  const { table, warnings } = await openTable(t, folder);
  const claim = await claimed(table);
  rmSync(folder, { recursive: true });
  const { table: other } = await openTable(t, folder);
  t.deepEqual((await other.read()).claims, []);
  await table.claim(() => undefined);
  t.is(warnings.length, 1);
  t.deepEqual((await other.read()).claims, [claim]);
});

/** Claims card 0 and is killed; argument 2 is laid over the claim. */
const DYING = `
const [folder, more] = process.argv.slice(1);
const table = await GpuTable.open({ folder, warn: (line) => console.error(line) });
const wanted = { worker: 'w', devices: [{ key: 'GPU-0', id: '0', share: 1 }], ...JSON.parse(more) };
await table.reserve('w', [{ key: 'GPU-1', id: '1' }], Date.now() + 3_600_000);
await table.claim(() => wanted);
process.kill(process.pid, 'SIGKILL');
`;

async function leftBy(folder: string, more: Partial<NewClaim>, wrapper?: readonly [string, ...string[]]) {
  return tableProcess(DYING, [folder, JSON.stringify(more)], wrapper === undefined ? {} : { wrapper });
}

test('a claim of a killed agent applies as long as the folder of its run exists', async (t) => {
  const root = temporaryFolder(t);
  const runFolder = path.join(root, 'run');
  mkdirSync(runFolder);
  const cases: readonly [name: string, more: object, stays: boolean][] = [
    ['no run yet', {}, false],
    ['a run', { runFolder }, true],
    ['a run that was removed', { runFolder: path.join(root, 'gone') }, false],
  ];
  for (const [name, more, stays] of cases) {
    const folder = path.join(root, name);
    const end = await leftBy(folder, more);
    t.is(end.signal, 'SIGKILL', end.stderr);
    const { table } = await openTable(t, folder);
    const view = await table.read();
    t.is(view.claims.length, stays ? 1 : 0, name);
    t.deepEqual(view.reservations, [], name);
    // The next claim clears the rest away.
    await table.claim(() => undefined);
    const records = readdirSync(folder).filter((file) => file.endsWith('.json'));
    t.is(records.length, stays ? 1 : 0, name);
  }
});

test('a claim of before the machine was started again is gone, whatever its run has left', async (t) => {
  const root = temporaryFolder(t);
  const folder = path.join(root, 'table');
  const { table } = await openTable(t, folder);
  const claim = await claimed(table, { ...WANTED, runFolder: root });
  const { boot } = claim.holder;
  const { table: other } = await openTable(t, folder);
  const file = fileOf(folder, claim);
  writeFileSync(file, readFileSync(file, 'utf8').replaceAll(String(boot), 'before'));
  t.deepEqual((await other.read()).claims, []);
});

test('a reservation is replaced as a whole, and ends with its time', async (t) => {
  const folder = path.join(temporaryFolder(t), 'table');
  const { table } = await openTable(t, folder);
  const device = { key: 'GPU-0', id: '0' };
  await table.reserve('w', [device], Date.now() + 3_600_000);
  await table.reserve('w', [device], Date.now() + 7_200_000);
  t.is((await table.read()).reservations.length, 1);
  await table.unreserve('w');
  t.deepEqual((await table.read()).reservations, []);
  await table.reserve('w', [device], Date.now() - 1);
  t.deepEqual((await table.read()).reservations, []);
});

test('a device is out of service for all until it is enabled', async (t) => {
  const folder = path.join(temporaryFolder(t), 'table');
  const { table } = await openTable(t, folder);
  const { table: other } = await openTable(t, folder);
  await table.disable(DEVICE, 'Xid 79');
  await table.close();
  t.like((await other.read()).outOfService[0], { key: 'GPU-0', id: '0', reason: 'Xid 79' });
  t.true(await other.enable('GPU-0'));
  t.false(await other.enable('GPU-0'));
  t.deepEqual((await other.read()).outOfService, []);
});

test('the table reports changes of others, not its own', async (t) => {
  const folder = path.join(temporaryFolder(t), 'table');
  const { table } = await openTable(t, folder);
  const { table: other } = await openTable(t, folder);
  await table.claim(() => undefined);
  const end = new AbortController();
  t.teardown(() => end.abort());
  const calls: string[] = [];
  let changed: (() => void) | undefined;
  const next = () =>
    new Promise<void>((resolve) => {
      changed = resolve;
    });
  await table.watch(end.signal, () => {
    calls.push('change');
    changed?.();
  });
  const own = await claimed(table, { ...WANTED, devices: [{ ...DEVICE, key: 'GPU-1', id: '1' }] });
  await table.release(own.id);
  let told = next();
  const claim = await claimed(other);
  await told;
  told = next();
  await other.release(claim.id);
  await told;
  t.deepEqual(calls, ['change', 'change']);
});

const unshared = process.getuid?.() === 0 ? test : test.skip;
unshared('an agent in another pid namespace counts while it shows life', async (t) => {
  const folder = path.join(temporaryFolder(t), 'table');
  const { table } = await openTable(t, folder);
  await table.claim(() => undefined);
  const script = `
const [folder] = process.argv.slice(1);
const table = await GpuTable.open({ folder, warn: (line) => console.error(line) });
await table.claim(() => ({ worker: 'inside', devices: [{ key: 'GPU-0', id: '0', share: 1 }] }));
const { writeFileSync, existsSync } = await import('node:fs');
writeFileSync(folder + '/../ready', '');
while (!existsSync(folder + '/../end')) await new Promise((resolve) => setTimeout(resolve, 20));
process.kill(process.pid, 'SIGKILL');
`;
  const ended = tableProcess(script, [folder], {
    wrapper: ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'],
  });
  const ready = path.join(folder, '../ready');
  while (!readdirSync(path.dirname(ready)).includes('ready'))
    await new Promise((resolve) => setTimeout(resolve, 20));
  t.is((await table.read()).claims.length, 1);
  writeFileSync(path.join(folder, '../end'), '');
  await ended;
  t.deepEqual((await table.read()).claims, []);
});
