import { cpSync, readdirSync } from 'node:fs';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { Spool } from '../../../src/logs/spool.js';
import { readUploadState } from '../../../src/logs/upload-state.js';
import { Journal } from '../../../src/runs/journal.js';
import { recoveryAction } from '../../../src/runs/recovery.js';
import { livingDaemons, registerWorker, workerName } from '../../../src/runs/registry.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

/**
 * The state folder of a daemon that was killed while a command ran and the server was away, as an agent of the second
 * version of journal, log and upload state left it. Paths in it were replaced by others of the same length.
 */
function leftState(t: ExecutionContext): { state: string; worker: string; run: string } {
  const state = temporaryFolder(t);
  cpSync(path.join(import.meta.dirname, '../../fixtures/state/agent-version-2'), state, { recursive: true });
  const worker = path.join(state, 'workers/old_0-859db5c4c7');
  const [run = ''] = readdirSync(path.join(worker, 'runs'));
  return { state, worker, run: path.join(worker, 'runs', run) };
}

test('the next daemon inherits the worker id of an agent of the earlier version', async (t) => {
  const { state, worker } = leftState(t);
  t.is(await workerName(worker), 'old:0');
  t.deepEqual(await livingDaemons(state, (line) => t.fail(line)), []);
  const registration = await registerWorker(state, ['old:0']);
  t.teardown(() => registration.release());
  t.deepEqual([registration.folder, registration.inherited], [worker, true]);
});

test('a run of the earlier version is attached to', async (t) => {
  const { run } = leftState(t);
  t.is(await Journal.unreadable(run), undefined);
  const left = await Journal.read(run);
  t.like(left, {
    task: '5f8a7741dc4c4970be3c4a0cd8821f7e',
    queue: '1ffd2264cf36475da8f0e936b54f8ce7',
    last: 'launched',
    workload: { kind: 'local', pid: 16310, startTime: 'c031d1a4:993967' },
    gpus: { gpus: [] },
  });
  const task = {
    status: 'in_progress',
    status_message: undefined,
    queued: false,
    last_worker: 'old:0',
  } as const;
  t.is(left && recoveryAction(left, task, ['old:0']), 'attach');
});

test('the log of the earlier version is sent from where its upload ended', async (t) => {
  const { run } = leftState(t);
  const state = await readUploadState(path.join(run, 'log/upload.json'));
  t.like(state, { cursor: { offset: 1068 }, lastTime: 1795935108186, inFlight: { to: { offset: 1172 } } });
  const spool = await Spool.open({ folder: path.join(run, 'log') });
  t.teardown(() => spool.close());
  const { records } = await spool.read(state?.cursor.offset ?? 0);
  t.deepEqual(
    records.map(({ text }) => text),
    Array.from({ length: 8 }, (_, index) => `line ${index + 4} é\n`),
  );
  t.is(spool.position, 122);
});
