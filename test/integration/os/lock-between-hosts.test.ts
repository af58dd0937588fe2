import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { acquireLock } from '../../../src/os/lock.js';
import { tempFolder } from '../../support/local-run.js';
import { startOnHost } from '../../support/other-host.js';

const LOCK_MODULE = fileURLToPath(new URL('../../../src/os/lock.ts', import.meta.url));
const what = 'the thing';

/** A process of a "container" that takes the lock and says `held`, or says why not. */
function holder(t: ExecutionContext, host: string, lock: string): ChildProcess {
  const script = `import { acquireLock } from ${JSON.stringify(LOCK_MODULE)};
await acquireLock(process.argv[1], { timeoutMs: 0, what: 'x' }).then(
  () => { console.log('held'); setInterval(() => {}, 1000); },
  (error) => console.log(error.message));`;
  const argv = [process.execPath, '--import=tsx', '--input-type=module', '-e', script, lock];
  return startOnHost(t, { host, argv, stdio: ['ignore', 'pipe', 'inherit'] });
}

async function said({ stdout }: ChildProcess): Promise<string> {
  const [data] = stdout ? await once(stdout, 'data') : [];
  return String(data).trim();
}

/** Its first process; `unshare` itself ends after it. */
async function signalInside({ pid }: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const [inside] = (await readFile(`/proc/${pid}/task/${pid}/children`, 'latin1')).split(' ');
  process.kill(Number(inside), signal);
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  await signalInside(child, 'SIGKILL');
  await ended;
}

/** Paths of state folders are longer than the address of a socket may be. */
async function lockIn(t: ExecutionContext): Promise<string> {
  return path.join(await tempFolder(t), 'a'.repeat(120), 'lock');
}

test('the lock of a container that is gone is taken over at once, under whatever host name', async (t) => {
  const lock = await lockIn(t);
  const first = holder(t, 'first', lock);
  t.is(await said(first), 'held');
  const busy = await t.throwsAsync(acquireLock(lock, { timeoutMs: 300, what }));
  t.regex(busy?.message ?? '', /is in use by process 1 on first/);
  await kill(first);
  const second = holder(t, 'second', lock);
  t.is(await said(second), 'held');
  const still = await t.throwsAsync(acquireLock(lock, { timeoutMs: 300, what }));
  t.regex(still?.message ?? '', /on second/);
  await kill(second);
  const release = await acquireLock(lock, { timeoutMs: 0, what });
  await release();
  t.deepEqual(await readdir(path.dirname(lock)), [], 'nothing of any owner is left');
});

test('of containers that start at once on the lock of a dead one, one gets it', async (t) => {
  const lock = await lockIn(t);
  const dead = holder(t, 'dead', lock);
  t.is(await said(dead), 'held');
  await kill(dead);
  const answers = await Promise.all(['a', 'b', 'c'].map((host) => said(holder(t, host, lock))));
  t.is(answers.filter((answer) => answer === 'held').length, 1, answers.join('\n'));
});

test('containers of one host name do not take each other for dead', async (t) => {
  const lock = await lockIn(t);
  t.is(await said(holder(t, 'same', lock)), 'held');
  t.regex(await said(holder(t, 'same', lock)), /is in use by process 1 on same/);
});

test('an owner that is stopped keeps its lock, however silent it is', async (t) => {
  const lock = await lockIn(t);
  const first = holder(t, 'first', lock);
  t.is(await said(first), 'held');
  await signalInside(first, 'SIGSTOP');
  const silent = new Date(Date.now() - 10 * 60_000);
  await utimes(lock, silent, silent);
  await t.throwsAsync(acquireLock(lock, { timeoutMs: 300, what }), { message: /on first/ });
});

test('where a container shows no life by a socket, its silence decides', async (t) => {
  const lock = await lockIn(t);
  const first = holder(t, 'first', lock);
  t.is(await said(first), 'held');
  const folder = path.dirname(lock);
  const live = (): Promise<string[]> =>
    readdir(folder).then((names) => names.filter((name) => name.endsWith('.live')));
  for (let tries = 0; (await live()).length === 0 && tries < 100; tries += 1) await sleep(50);
  for (const name of await live()) await rm(path.join(folder, name));
  await kill(first);
  await t.throwsAsync(acquireLock(lock, { timeoutMs: 300, what }), { message: /on first/ });
  const silent = new Date(Date.now() - 10 * 60_000);
  await utimes(lock, silent, silent);
  await (await acquireLock(lock, { timeoutMs: 0, what }))();
  t.deepEqual(await readdir(folder), []);
});

test('an owner under another kernel holds the lock while it touches it', async (t) => {
  const lock = await lockIn(t);
  const first = holder(t, 'first', lock);
  t.is(await said(first), 'held');
  await kill(first);
  const owner: Record<string, unknown> = JSON.parse(await readFile(lock, 'utf8'));
  await writeFile(lock, JSON.stringify({ ...owner, boot: 'another' }));
  await t.throwsAsync(acquireLock(lock, { timeoutMs: 300, what }), { message: /on first/ });
});
