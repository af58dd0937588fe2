import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'ava';
import type { ReadJob } from '../../../src/server/reading/jobs.js';
import type { Reader } from '../../../src/server/reading/reader.js';
import { Database } from '../../../src/server/storage/database.js';
import { startBackground } from '../../../src/server/upkeep/background.js';

test('the log of the database is moved beside the server after many rows, also of few commits', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'background-'));
  const database = await Database.open(path.join(folder, 'x.db'));
  const jobs: ReadJob[] = [];
  const reader = {
    run: async (job: ReadJob) => {
      jobs.push(job);
      return { done: true };
    },
  } as unknown as Reader;
  const background = startBackground({ database, now: Date.now, reader }, (error) => {
    throw error;
  });
  t.teardown(async () => {
    await background.close();
    database.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const write = (rows: number) =>
    database.grouped(() => {
      for (let n = 0; n < rows; n += 1) database.run('UPDATE log_sequence SET next = next + 1');
    });
  await write(9000);
  t.deepEqual(jobs, []);
  await write(2000);
  t.deepEqual(jobs, [{ kind: 'checkpoint' }]);
  await write(100);
  t.is(jobs.length, 1);
});
