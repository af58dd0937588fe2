import path from 'node:path';
import test from 'ava';
import { execa } from 'execa';

const MODULE = path.resolve(import.meta.dirname, '../../../dist/os/spare-memory.js');

/** Says where in its output the engine may compile again. */
const PROGRAM = `
  const { spareMemory, compileHotCode } = await import(${JSON.stringify(MODULE)});
  function work(rounds) {
    let sum = 0;
    for (let round = 0; round < rounds; round += 1) sum = (sum * 31 + round) % 1000003;
    return sum;
  }
  spareMemory();
  console.log('SPARE');
  for (let count = 0; count < 20; count += 1) work(1e6);
  compileHotCode();
  console.log('COMPILE');
  for (let count = 0; count < 60; count += 1) work(1e6);
`;

test('work is compiled once it is allowed to, and not before', async (t) => {
  const { stdout } = await execa(process.execPath, [
    '--trace-opt',
    '--trace-osr',
    '--input-type=module',
    '-e',
    PROGRAM,
  ]);
  const [, spare = '', compile = ''] = stdout.split(/^SPARE$|^COMPILE$/m);
  t.notRegex(spare, /JSFunction work\b/);
  t.regex(compile, /JSFunction work\b/);
});
