import { appendFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { acquireLock } from '../../../src/os/lock.js';
import { workerFolder } from '../../../src/os/paths.js';
import { RunFolders } from '../../../src/runs/folders.js';
import { Journal, type JournalStep } from '../../../src/runs/journal.js';
import { type KeptRun, listKeptRuns } from '../../../src/runs/kept-runs.js';
import { workerLock } from '../../../src/runs/registry.js';
import { removeRun } from '../../../src/runs/remove-run.js';
import { workspaceOf } from '../../../src/runs/workspace.js';
import { caseConfig } from '../../support/case-config.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const PULLED: JournalStep = { step: 'pulled', task: 't1', queue: 'q' };
const REPORTED: JournalStep = { step: 'reported' };

interface Machine {
  state: string;
  /** A run with its workspace, as an agent of that worker id leaves it. */
  leave(worker: string, steps: readonly JournalStep[]): Promise<string>;
  list(): Promise<KeptRun[]>;
  workspace(runFolder: string): string;
}

function machine(t: ExecutionContext): Machine {
  const home = temporaryFolder(t);
  const state = path.join(home, 'state');
  const config = caseConfig({ 'agent.venvs_dir': path.join(home, 'workspaces') });
  const query = { state, config, home, env: { PATH: process.env.PATH } };
  const workspace = (runFolder: string) => workspaceOf({ config, home }, runFolder);
  return {
    state,
    workspace,
    list: () => listKeptRuns(query),
    leave: async (worker, steps) => {
      const folder = await new RunFolders(workerFolder(state, worker)).create('t1');
      const journal = await Journal.open(folder);
      for (const step of steps) await journal.write(step);
      await journal.close();
      mkdirSync(workspace(folder), { recursive: true });
      writeFileSync(path.join(workspace(folder), 'file'), 'x'.repeat(10_000));
      return folder;
    },
  };
}

test('a run that the server knows all of goes, with its workspace', async (t) => {
  const { leave, list, workspace } = machine(t);
  const folder = await leave('w:0', [PULLED, REPORTED]);
  const [run, ...more] = await list();
  t.deepEqual(more, []);
  t.like(run, { worker: 'w:0', task: 't1', runFolder: folder, hold: undefined });
  t.true((run?.bytes ?? 0) > 10_000);
  t.is(run && (await removeRun(run, false)), undefined);
  t.deepEqual([folder, workspace(folder)].map(existsSync), [false, false]);
  t.deepEqual(await list(), []);
});

test('one that the server lacks something of goes only when that is asked for', async (t) => {
  const { leave, list } = machine(t);
  const folder = await leave('w:0', [PULLED]);
  mkdirSync(path.join(folder, 'log'));
  writeFileSync(path.join(folder, 'log', '0000000000000000.spool'), '{"text":"a line"}\n');
  const [run] = await list();
  const why = '18 bytes of its log are not with the server';
  t.deepEqual(run?.hold, { why, inUse: false });
  t.is(run && (await removeRun(run, false)), why);
  t.true(existsSync(folder));
  t.is(run && (await removeRun(run, true)), undefined);
  t.false(existsSync(folder));
});

test('an agent that lives, or comes meanwhile, keeps its runs', async (t) => {
  const { state, leave, list } = machine(t);
  await leave('w:0', [PULLED, REPORTED]);
  const [before] = await list();
  const lock = { timeoutMs: 0, what: 'the test' };
  const release = await acquireLock(workerLock(workerFolder(state, 'w:0')), lock);
  t.teardown(release);
  t.deepEqual((await list())[0]?.hold, { why: `its agent is running (process ${process.pid})`, inUse: true });
  t.is(before && (await removeRun(before, true)), 'its agent was started meanwhile');
});

test('a container is left to its agent', async (t) => {
  const { leave, list } = machine(t);
  const place = { kind: 'docker', taskId: 't1', container: 'abc' } as const;
  await leave('w:0', [PULLED, { step: 'preparing', place }]);
  t.true((await list())[0]?.hold?.inUse);
});

for (const line of [
  '{"version":4,"step":"reported"}',
  '{"step":"paused"}',
  '{"version":2,"step":"preparing","place":{"kind":"local","version":7,"taskId":"t1","runFolder":"/r","marker":"m"}}',
]) {
  test(`a run whose journal a newer version wrote stays, whatever is asked: ${line}`, async (t) => {
    const { leave, list, workspace } = machine(t);
    const folder = await leave('w:0', [PULLED, REPORTED]);
    appendFileSync(path.join(folder, 'journal.jsonl'), `${line}\n`);
    const [run] = await list();
    t.true(run?.hold?.inUse);
    t.regex(
      (run && (await removeRun(run, true))) ?? '',
      /journal\.jsonl .* what of it still runs is not known/,
    );
    t.deepEqual([folder, workspace(folder)].map(existsSync), [true, true]);
  });
}

test('workers that get the same task have workspaces of their own', async (t) => {
  const { leave, list, workspace } = machine(t);
  const old = await leave('w:0', [PULLED, REPORTED]);
  const current = await leave('w:1', [PULLED]);
  t.not(workspace(old), workspace(current));
  const run = (await list()).find(({ runFolder }) => runFolder === old);
  t.is(run && (await removeRun(run, false)), undefined);
  const left = [old, workspace(old), current, workspace(current)].map(existsSync);
  t.deepEqual(left, [false, false, true, true]);
});
