import { mkdirSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { GpuTable } from '../../../src/gpu/claims/gpu-table.js';
import { CRASH_POINT, tableProcess } from '../../support/table-process.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

/** `GPU_TABLE_RACES=200` runs all. */
const RUNS = Number(process.env.GPU_TABLE_RACES ?? 16);
const CHILDREN = 2;
/** Runs that are in progress at once. */
const AT_ONCE = 2;

/**
 * A daemon that claims and releases at random. Each half of a device is a file beside the table, made exclusively: who
 * uses a device that another uses fails to make it, and ends with status 3. A file whose process is gone is free.
 */
const RACER = `
import { mkdir, readFile, rm, symlink, readlink } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
const [folder, uses, seed, crashAt] = process.argv.slice(1);
let state = Number(seed) >>> 0;
const random = () => {
  state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0;
  return ((state ^ (state >>> 13)) >>> 0) / 2 ** 32;
};
const lives = (pid) => { try { return process.kill(pid, 0); } catch { return false; } };
const occupy = async (file) => {
  for (;;) {
    try { await symlink(String(process.pid), file); return true; } catch {}
    const pid = await readlink(file).catch(() => undefined);
    if (pid === undefined) continue;
    if (lives(Number(pid))) return false;
    await rm(file, { force: true });
  }
};
const use = async ({ id, share }) => {
  const halves = [uses + '/' + id + 'a', uses + '/' + id + 'b'];
  if (share === 1) {
    for (const half of halves) if (!(await occupy(half))) process.exit(3);
    return halves;
  }
  for (const half of halves) if (await occupy(half)) return [half];
  process.exit(3);
};
const table = await GpuTable.open({ folder, warn: (line) => { console.error(line); process.exit(4); } });
globalThis.crashAt = Number(crashAt);
let claimed = 0;
for (let round = 0; round < 12; round++) {
  const share = random() < 0.5 ? 1 : 0.5;
  const count = share === 1 ? 1 + Math.floor(random() * 3) : 1;
  const first = Math.floor(random() * 3);
  const claim = await table.claim(({ claims }) => {
    const devices = Array.from({ length: 3 }, (_, at) => String((first + at) % 3))
      .map((id) => ({ id, key: 'GPU-' + id, share }))
      .filter((device) => overdrawn(claims, [device]) === undefined)
      .slice(0, count);
    return devices.length < count ? undefined : { worker: seed, devices };
  });
  if (claim === undefined) { await sleep(random() * 3); continue; }
  claimed += 1;
  const files = [];
  for (const device of claim.devices) files.push(...(await use(device)));
  await sleep(random() * 3);
  for (const file of files) await rm(file);
  await table.release(claim.id);
}
await table.close();
console.log(claimed);
`;

/** A fifth of the daemons are killed on the way. */
function crashOf(seed: number): string {
  return seed % 5 === 0 ? String(20 + ((seed * 37) % 400)) : '0';
}

test(`in ${RUNS} races of daemons for one table no device is used twice`, async (t) => {
  t.timeout(600_000);
  const root = temporaryFolder(t);
  let claimed = 0;
  const race = async (run: number) => {
    const folder = path.join(root, `table-${run}`);
    const uses = path.join(root, `uses-${run}`);
    mkdirSync(uses);
    const seeds = Array.from({ length: CHILDREN }, (_, child) => run * CHILDREN + child + 1);
    const ends = await Promise.all(
      seeds.map((seed) =>
        tableProcess(RACER, [folder, uses, String(seed), crashOf(seed)], { prelude: CRASH_POINT }),
      ),
    );
    for (const { code, signal, stderr, stdout } of ends) {
      t.true(code === 0 || signal === 'SIGKILL', `run ${run}: status ${code} ${stderr}`);
      claimed += Number(stdout);
    }
    const table = await GpuTable.open({ folder, warn: (line) => t.fail(line) });
    t.deepEqual((await table.read()).claims, [], `run ${run}`);
  };
  for (let run = 0; run < RUNS; run += AT_ONCE) {
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, RUNS - run) }, (_, at) => race(run + at)));
  }
  t.true(claimed > RUNS * 5, String(claimed));
});
