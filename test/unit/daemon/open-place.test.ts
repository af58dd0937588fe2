import test from 'ava';
import { openPlace } from '../../../src/daemon/build/build-run.js';
import type { LostRun, PlaceRequest } from '../../../src/drivers/driver.js';

const request: PlaceRequest = {
  taskId: 'a1',
  runFolder: '/runs/a1',
  workspace: '/runs/a1/workspace',
  reporter: { line: () => undefined, output: () => undefined },
  signal: new AbortController().signal,
};

test('a place of a build that cannot be opened is cleared, and the first error is thrown', async (t) => {
  const cleared: LostRun[] = [];
  const driver = {
    open: () => Promise.reject(new Error('no image')),
    clear: async (run: LostRun) => {
      cleared.push(run);
      throw new Error('engine away');
    },
  };
  await t.throwsAsync(openPlace(driver, request), { message: 'no image' });
  t.deepEqual(cleared, [{ taskId: 'a1', runFolder: '/runs/a1', workspace: '/runs/a1/workspace' }]);
});
