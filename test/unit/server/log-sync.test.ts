import { pbkdf2 } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { LogSync } from '../../../src/server/storage/log-sync.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

/** Keeps all threads of Node's pool busy for a while. */
function busyPool(): Promise<unknown> {
  const one = () => promisify(pbkdf2)('a', 'b', 100_000, 64, 'sha512');
  return Promise.all(Array.from({ length: 8 }, one));
}

test('a close lets the sync that runs finish, and those that wait succeed', async (t) => {
  const file = path.join(temporaryFolder(t), 'log');
  writeFileSync(file, 'x');
  const log = new LogSync(file);
  await log.sync();
  const busy = busyPool();
  const running = log.sync();
  for (let turn = 0; turn < 5; turn++) await Promise.resolve();
  const waiting = log.sync();
  log.close();
  await t.notThrowsAsync(running);
  await t.notThrowsAsync(waiting);
  await busy;
});
