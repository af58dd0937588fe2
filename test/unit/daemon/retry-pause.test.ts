import test from 'ava';
import { RetryPause } from '../../../src/daemon/queues/retry-pause.js';

function pause(pauseMs: number) {
  const clock = { now: 0 };
  const said: string[] = [];
  return {
    clock,
    said,
    pause: new RetryPause({ pauseMs, say: (text) => said.push(text), now: () => clock.now }),
  };
}

test('nothing holds before a failure, and a failure holds for the pause', (t) => {
  const one = pause(30_000);
  t.false(one.pause.holds);
  one.pause.begin();
  one.clock.now = 29_999;
  t.true(one.pause.holds);
  one.clock.now = 30_000;
  t.false(one.pause.holds);
  t.regex(one.said[0] ?? '', /no task is taken for 30 s$/);
});

test('failures in a row double the pause up to ten minutes; a task that ends otherwise ends the row', (t) => {
  const one = pause(30_000);
  for (let failures = 0; failures < 7; failures += 1) one.pause.begin();
  const seconds = one.said.map((line) => Number(/for (\d+) s/.exec(line)?.[1]));
  t.deepEqual(seconds, [30, 60, 120, 240, 480, 600, 600]);
  one.pause.clear();
  one.pause.begin();
  t.regex(one.said.at(-1) ?? '', /for 30 s$/);
});

test('a pause of 0 never holds, and a longer one than ten minutes is kept', (t) => {
  const none = pause(0);
  none.pause.begin();
  t.false(none.pause.holds);
  const long = pause(900_000);
  long.pause.begin();
  long.clock.now = 899_999;
  t.true(long.pause.holds);
});
