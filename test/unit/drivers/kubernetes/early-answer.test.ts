import test from 'ava';
import { EarlyAnswers } from '../../../../src/drivers/kubernetes/early-answer.js';

const never = new AbortController().signal;

test('a container is asked until it answers', async (t) => {
  let asked = 0;
  t.true(await new EarlyAnswers().wait(async () => ++asked === 3, never));
  t.is(asked, 3);
});

test('no more than four pods are asked at once, and an end of one makes room', async (t) => {
  const early = new EarlyAnswers();
  const stop = new AbortController();
  const waiting = Array.from({ length: 4 }, () => early.wait(async () => false, stop.signal));
  t.false(await early.wait(async () => true, never));
  stop.abort();
  t.deepEqual(await Promise.all(waiting), [false, false, false, false]);
  t.true(await early.wait(async () => true, never));
});
