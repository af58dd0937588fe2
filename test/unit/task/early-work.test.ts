import { once } from 'node:events';
import test from 'ava';
import type { ExecOptions, Place } from '../../../src/drivers/driver.js';
import { EarlyWork } from '../../../src/task/early-work.js';
import { FakeDriver } from '../../support/fake-driver.js';
import { localPlace } from '../../support/local-place.js';
import { memoryRun } from '../../support/memory-agent.js';

/** Looks for Python until it is told to stop. */
class SlowSearch extends FakeDriver {
  signal: AbortSignal | undefined;

  constructor() {
    super({ ownEnvironment: false, hostPaths: true });
  }

  look(): Place {
    const exec = async (_command: unknown, { signal }: ExecOptions = {}) => {
      this.signal = signal;
      if (signal?.aborted === false) await once(signal, 'abort');
      throw new Error('stopped');
    };
    return { ...localPlace({}), exec };
  }
}

test('the search for Python ends with the run also when the code of the task is there', async (t) => {
  const driver = new SlowSearch();
  const script = { binary: 'python3', entry_point: 'run.py', diff: 'print(1)\n' };
  const { run, task } = await memoryRun(t, { driver, record: { script } });
  const early = EarlyWork.begin(run, task.record);
  const halt = new AbortController();
  const begun = await early?.taken(task.record.script ?? {}, halt.signal);
  t.is(await begun?.tree, undefined);
  t.false(driver.signal?.aborted);
  halt.abort();
  t.true(driver.signal?.aborted);
  t.is(await begun?.candidates, undefined);
  await early?.end();
});
