import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { limitControlGroup, limitFiles } from '../../../src/os/control-group.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

test('limits are written as cgroup v2 reads them', (t) => {
  t.deepEqual(
    [...limitFiles({ cpus: 1.5, memory: 1024 })],
    [
      ['cpu.max', '150000 100000'],
      ['memory.max', '1024'],
    ],
  );
  t.deepEqual([...limitFiles({})], []);
});

test('a limit without its controller is left out, and no file is made', async (t) => {
  const folder = temporaryFolder(t);
  const file = (name: string) => path.join(folder, name);
  writeFileSync(file('memory.max'), 'max\n');
  await limitControlGroup(folder, { cpus: 1, memory: 4096 });
  t.regex(readFileSync(file('memory.max'), 'utf8'), /^4096/);
  t.false(existsSync(file('cpu.max')));
  await limitControlGroup(file('gone'), { memory: 1 });
  t.false(existsSync(file('gone')));
});
