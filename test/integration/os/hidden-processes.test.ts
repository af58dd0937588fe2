import { spawnSync } from 'node:child_process';
import test from 'ava';
import { mayLive, startTime } from '../../../src/os/processes.js';

const PROCESSES = new URL('../../../dist/os/processes.js', import.meta.url).href;
const asRoot = process.getuid?.() === 0 ? test : test.skip;

test('a process that is gone, or another with its pid, does not live', async (t) => {
  const started = String(await startTime(process.pid));
  t.true(await mayLive(process.pid, started));
  t.false(await mayLive(process.pid, 'another time'));
  t.false(await mayLive(4_194_303, started));
  t.false(await mayLive(0, started));
});

asRoot('a process that /proc hides from this user counts as alive', (t) => {
  const ask = `const { mayLive } = await import(${JSON.stringify(PROCESSES)});
console.log(await mayLive(1, 'unknown'), await mayLive(4194303, 'unknown'));`;
  const hide = 'mount -t proc -o hidepid=2 proc /proc && exec "$@"';
  const nobody = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups'];
  const command = [...nobody, process.execPath, '--input-type=module', '-e', ask];
  const run = spawnSync('unshare', ['--mount', 'sh', '-c', hide, 'sh', ...command], { encoding: 'utf8' });
  if (/mount:/.test(run.stderr)) return t.pass('this machine mounts nothing');
  t.is(run.stdout.trim(), 'true false', run.stderr);
});
