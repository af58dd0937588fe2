import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import test, { type ExecutionContext } from 'ava';
import { pidsBelowNow, processTable } from '../../../src/os/process-table.js';
import {
  isAlive,
  killGroup,
  killTree,
  processesWithEnvironment,
  signalProcess,
  startTime,
  withDescendants,
} from '../../../src/os/processes.js';
import { isGone } from '../../support/local-run.js';

/** A shell with two generations below it, in a group of its own; prints the pids below when all run. */
async function family(t: ExecutionContext, env: Record<string, string> = {}) {
  const script = `sh -c 'sh -c "echo \\$\\$; sleep 60; :" & echo $$; wait' & wait`;
  const child = spawn('sh', ['-c', script], {
    detached: true,
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => killGroup(pidOf(child), 'SIGKILL'));
  let text = '';
  for await (const piece of child.stdout) {
    text += String(piece);
    if (text.split('\n').length > 2) break;
  }
  return { child, pid: pidOf(child), below: text.trim().split('\n').map(Number) };
}

async function allRun(t: ExecutionContext, children: readonly ChildProcess[]): Promise<void> {
  t.teardown(() => {
    for (const child of children) child.kill('SIGKILL');
  });
  await Promise.all(children.map((child) => once(child, 'spawn')));
}

function pidOf(child: ChildProcess): number {
  return child.pid ?? 0;
}

test('a process is alive until it has ended, also as a zombie', async (t) => {
  const child = spawn('sleep', ['60']);
  const pid = pidOf(child);
  const started = await startTime(pid);
  t.true(await isAlive(pid));
  t.true(await isAlive(pid, started));
  t.false(await isAlive(pid, `${started}0`));
  child.kill('SIGKILL');
  await once(child, 'exit');
  t.false(await isAlive(pid, started));
  t.is(await startTime(pid), undefined);
  // A parent that never looks keeps its dead child as a zombie.
  const parent = spawn('sh', ['-c', 'sleep 0.01 & echo $!; exec sleep 60'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  t.teardown(() => parent.kill('SIGKILL'));
  const [line] = await once(parent.stdout, 'data');
  t.true(await isGone(Number(line)));
  t.notThrows(() => process.kill(Number(line), 0));
});

test('descendants and marked processes are found', async (t) => {
  const value = `v-${process.pid}`;
  const { pid, below } = await family(t, { TEST_MARK: value });
  const table = await processTable();
  const root = table.filter((entry) => entry.pid === pid);
  const found = withDescendants(table, root)
    .slice(1)
    .map((entry) => entry.pid);
  t.deepEqual(pidsBelowNow(pid).sort(), found.sort());
  t.true(below.every((one) => found.includes(one)));
  const marked = (await processesWithEnvironment('TEST_MARK', value)).map((entry) => entry.pid);
  t.true([pid, ...below].every((one) => marked.includes(one)));
  t.deepEqual(await processesWithEnvironment('TEST_MARK', value.slice(0, -1)), []);
});

test('a mark is found behind a long environment, and not inside another value', async (t) => {
  const value = `v-${process.pid}-long`;
  const padding = 'x'.repeat(50_000);
  const marked = spawn('sleep', ['60'], { env: { PADDING: padding, LONG_MARK: value } });
  const others = [{ OTHER: `LONG_MARK=${value}` }, { LONG_MARK: `${value}er` }].map((env) =>
    spawn('sleep', ['60'], { env }),
  );
  await allRun(t, [marked, ...others]);
  const found = await processesWithEnvironment('LONG_MARK', value);
  t.deepEqual(
    found.map((entry) => entry.pid),
    [pidOf(marked)],
  );
});

/** `readFile` takes 64 KiB for a file of /proc; a daemon looks at all processes several times a task. */
test('a look at all processes takes little memory, however many they are', async (t) => {
  const crowd = Array.from({ length: 30 }, () => spawn('sleep', ['60'], { stdio: 'ignore' }));
  await allRun(t, crowd);
  const looks = [processTable, () => processesWithEnvironment('TEST_MARK', 'none')];
  for (const look of looks) {
    const before = process.memoryUsage().arrayBuffers;
    await look();
    t.true(process.memoryUsage().arrayBuffers - before < 15 * 64 * 1024);
  }
});

test('a tree and a group are ended as a whole', async (t) => {
  const tree = await family(t);
  await killTree(tree.pid, 'SIGKILL');
  for (const pid of tree.below) t.true(await isGone(pid));
  const group = await family(t);
  t.true(killGroup(group.pid, 'SIGKILL'));
  for (const pid of group.below) t.true(await isGone(pid));
});

test('a signal to no process is no error, and never reaches all processes', async (t) => {
  const child = spawn('true');
  await once(child, 'exit');
  t.false(signalProcess(pidOf(child), 'SIGTERM'));
  t.false(killGroup(pidOf(child), 'SIGTERM'));
  t.false(killGroup(0, 'SIGTERM'));
  t.false(killGroup(1, 'SIGTERM'));
  await t.notThrowsAsync(killTree(pidOf(child), 'SIGTERM'));
});
