import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { AgentError } from '../../../src/errors.js';
import { acquireLock, withLock } from '../../../src/os/lock.js';
import { startTime } from '../../../src/os/processes.js';
import { tempFolder } from '../../support/local-run.js';

const LOCK_MODULE = fileURLToPath(new URL('../../../src/os/lock.ts', import.meta.url));
const what = 'the thing';

/** Runs a module text in a process of its own, with the lock module at hand. */
function inProcess(script: string, ...args: string[]) {
  const text = `import { acquireLock, withLock } from ${JSON.stringify(LOCK_MODULE)};\n${script}`;
  return spawn(process.execPath, ['--import=tsx', '--input-type=module', '-e', text, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** An owner that died: a pid that exists, of a process that started at another time. */
function deadOwner(nonce: string): string {
  return JSON.stringify({ pid: process.pid, started: 'long ago', host: hostname(), nonce });
}

test('only one holds a lock at a time, within a process and between processes', async (t) => {
  const folder = await tempFolder(t);
  const lock = path.join(folder, 'locks', 'one');
  const counter = path.join(folder, 'counter');
  await writeFile(counter, '0');
  const script = `import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
const [lock, counter] = process.argv.slice(1);
const turn = () => withLock(lock, { timeoutMs: 60000, what: 'x' }, async () => {
  const value = Number(readFileSync(counter, 'utf8'));
  await sleep(Math.random() * 4);
  writeFileSync(counter, String(value + 1));
});
await Promise.all(Array.from({ length: 10 }, turn));`;
  const children = Array.from({ length: 3 }, () => inProcess(script, lock, counter));
  const codes = await Promise.all(children.map((child) => once(child, 'exit')));
  t.deepEqual(
    codes.map(([code]) => code),
    [0, 0, 0],
  );
  t.is(await readFile(counter, 'utf8'), '30');
  t.deepEqual(await readdir(path.dirname(lock)), []);
});

test('many find the lock of a dead owner and one takes it over at a time', async (t) => {
  const lock = path.join(await tempFolder(t), 'lock');
  let holders = 0;
  let most = 0;
  for (let round = 0; round < 5; round++) {
    await writeFile(lock, deadOwner(`dead${round}`));
    const turn = () =>
      withLock(lock, { timeoutMs: 30_000, what }, async () => {
        holders += 1;
        most = Math.max(most, holders);
        await sleep(2);
        holders -= 1;
      });
    await Promise.all(Array.from({ length: 8 }, turn));
  }
  t.is(most, 1);
});

test('a lock is free again when its owner was killed', async (t) => {
  const lock = path.join(await tempFolder(t), 'lock');
  const child = inProcess(
    `await acquireLock(process.argv[1], { timeoutMs: 0, what: 'x' }); console.log('held'); setInterval(() => {}, 1000);`,
    lock,
  );
  await once(child.stdout, 'data');
  const error = await t.throwsAsync(acquireLock(lock, { timeoutMs: 100, what }), { instanceOf: AgentError });
  t.is(error.code, 'LOCK_TIMEOUT');
  t.regex(error.message, new RegExp(`^the thing is in use by process ${child.pid} on `));
  child.kill('SIGKILL');
  await once(child, 'exit');
  const release = await acquireLock(lock, { timeoutMs: 5000, what });
  await release();
  t.deepEqual(await readdir(path.dirname(lock)), []);
});

test('a take-over that died halfway is taken over as well', async (t) => {
  const lock = path.join(await tempFolder(t), 'lock');
  await writeFile(lock, deadOwner('first'));
  await writeFile(`${lock}.first`, deadOwner('second'));
  const release = await acquireLock(lock, { timeoutMs: 1000, what });
  await release();
  t.deepEqual(await readdir(path.dirname(lock)), []);
});

test('a lock that a power cut left empty is free', async (t) => {
  const lock = path.join(await tempFolder(t), 'lock');
  await writeFile(lock, '');
  const release = await acquireLock(lock, { timeoutMs: 1000, what });
  await release();
  t.deepEqual(await readdir(path.dirname(lock)), []);
});

test('an owner on another machine holds the lock while it touches it', async (t) => {
  const lock = path.join(await tempFolder(t), 'lock');
  await writeFile(lock, JSON.stringify({ pid: 1, started: 'x', host: 'elsewhere.example', nonce: 'far' }));
  await t.throwsAsync(acquireLock(lock, { timeoutMs: 50, what }), {
    message: /process 1 on elsewhere.example/,
  });
  const silent = new Date(Date.now() - 10 * 60_000);
  await utimes(lock, silent, silent);
  const release = await acquireLock(lock, { timeoutMs: 1000, what });
  await release();
  t.pass();
});

test('a waiter learns who holds the lock, and gives up when its signal aborts', async (t) => {
  const lock = path.join(await tempFolder(t), 'lock');
  const release = await acquireLock(lock, { timeoutMs: 0, what });
  const stop = new AbortController();
  const holders: number[] = [];
  const onWait = ({ pid }: { pid: number }): void => {
    holders.push(pid);
    stop.abort();
  };
  await t.throwsAsync(acquireLock(lock, { timeoutMs: 60_000, what, onWait, signal: stop.signal }), {
    name: 'AbortError',
  });
  t.deepEqual(holders, [process.pid]);
  t.truthy(await startTime(process.pid));
  await release();
  t.deepEqual(await readdir(path.dirname(lock)), []);
});

test('the lock is let go when the work fails', async (t) => {
  const lock = path.join(await tempFolder(t), 'lock');
  const work = () => Promise.reject(new Error('work'));
  await t.throwsAsync(withLock(lock, { timeoutMs: 0, what }, work), { message: 'work' });
  await t.notThrowsAsync(withLock(lock, { timeoutMs: 0, what }, async () => undefined));
});
