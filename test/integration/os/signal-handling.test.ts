import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import { takesSignal } from '../../../src/os/signal-handling.js';
import { until } from '../../support/until.js';

/** A Python program that has prepared for signals as these lines say. */
async function prepared(t: ExecutionContext, lines: string): Promise<number> {
  const program = `import signal, time\n${lines}\nprint("up", flush=True)\ntime.sleep(600)\n`;
  const child = spawn('python3', ['-c', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.teardown(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  const pid = child.pid ?? 0;
  await until(() => fs.readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') S '), { what: 'its wait' });
  return pid;
}

for (const [what, lines, takes] of [
  ['a handler', 'signal.signal(signal.SIGTERM, lambda *a: None)', true],
  ['its being blocked', 'signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])', true],
  ['sigwait', 'print("up", flush=True); signal.sigwait([signal.SIGTERM])', true],
  ['nothing', '', false],
  ['its being ignored', 'signal.signal(signal.SIGTERM, signal.SIG_IGN)', false],
  ['a handler for another one', 'signal.signal(signal.SIGUSR1, lambda *a: None)', false],
] as const) {
  test(`whether a process can take SIGTERM: with ${what}`, async (t) => {
    const pid = await prepared(t, lines);
    t.is(await takesSignal(pid, 'SIGTERM'), takes);
    t.is(await takesSignal(pid, '15'), takes);
    t.is(await takesSignal(pid, 'NOSUCH'), undefined);
  });
}

test('nothing is said about a process that is gone', async (t) => {
  t.is(await takesSignal(2 ** 22 + 1, 'SIGTERM'), undefined);
});

test('an init that leaves its sigwait between two looks takes the signal', async (t) => {
  const init = `
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
print("up", flush=True)
while True: signal.sigtimedwait([signal.SIGTERM], 0.002)`;
  const child = spawn('python3', ['-c', `import signal\n${init}`], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.teardown(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  for (let look = 0; look < 500; look += 1) t.true(await takesSignal(child.pid ?? 0, 'SIGTERM'));
});
