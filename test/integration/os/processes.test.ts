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

test('a tree and a group are ended as a whole', async (t) => {
  const tree = await family(t);
  await killTree(tree.pid, 'SIGKILL');
  for (const pid of tree.below) t.true(await isGone(pid));
  const group = await family(t);
  t.true(killGroup(group.pid, 'SIGKILL'));
  for (const pid of group.below) t.true(await isGone(pid));
});

test('signals to nobody are no error, and never reach everybody', async (t) => {
  const child = spawn('true');
  await once(child, 'exit');
  t.false(signalProcess(pidOf(child), 'SIGTERM'));
  t.false(killGroup(pidOf(child), 'SIGTERM'));
  t.false(killGroup(0, 'SIGTERM'));
  t.false(killGroup(1, 'SIGTERM'));
  await t.notThrowsAsync(killTree(pidOf(child), 'SIGTERM'));
});
