import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { HeldReporter, sideBySide } from '../../../src/task/side-by-side.js';

const forever = (signal: AbortSignal): Promise<never> =>
  sleep(60_000, undefined, { signal }) as Promise<never>;

test('both results come back, and the second may wait for the first', async (t) => {
  const { signal } = new AbortController();
  const first = async () => sleep(5, 'code');
  t.deepEqual(await sideBySide(signal, first, async (_, code) => `${await code} and packages`), [
    'code',
    'code and packages',
  ]);
});

test('the first failure ends the other and is the one that is thrown', async (t) => {
  const { signal } = new AbortController();
  const fails = async () => {
    await sleep(5);
    throw new Error('the cause');
  };
  await t.throwsAsync(sideBySide(signal, fails, forever), { message: 'the cause' });
  await t.throwsAsync(sideBySide(signal, forever, fails), { message: 'the cause' });
  await t.throwsAsync(
    sideBySide(signal, fails, (_, first) => first),
    { message: 'the cause' },
  );
});

test('nothing is thrown before both have ended', async (t) => {
  const { signal } = new AbortController();
  let tidied = false;
  const tidiesUp = async (both: AbortSignal) => {
    await forever(both).catch(() => sleep(30));
    tidied = true;
  };
  await t.throwsAsync(sideBySide(signal, () => Promise.reject(new Error('no')), tidiesUp));
  t.true(tidied);
});

test('the signal from outside ends both', async (t) => {
  const outside = new AbortController();
  const both = sideBySide(outside.signal, forever, forever);
  outside.abort(new Error('stop'));
  await t.throwsAsync(both, { name: 'AbortError' });
});

test('what is held is said in order when its turn comes', (t) => {
  const said: string[] = [];
  const held = new HeldReporter({ line: (text) => said.push(text), output: (chunk) => said.push(chunk) });
  held.line('one');
  held.output('two');
  t.deepEqual(said, []);
  held.release();
  held.line('three');
  held.release();
  t.deepEqual(said, ['one', 'two', 'three']);
});
