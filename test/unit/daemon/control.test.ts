import test from 'ava';
import { controlRequest } from '../../../src/daemon/control-request.js';

test('a request is read with what it has', (t) => {
  t.deepEqual(controlRequest({ command: 'status', more: 1 }), { command: 'status' });
  t.deepEqual(controlRequest({ command: 'end', to: 'drain', cause: 'a plan', timeoutMs: 0, requeue: true }), {
    command: 'end',
    to: 'drain',
    cause: 'a plan',
    timeoutMs: 0,
    requeue: true,
    endsServices: false,
  });
  t.deepEqual(controlRequest({ command: 'resume', cause: 'a plan', to: 1 }), {
    command: 'resume',
    cause: 'a plan',
  });
});

const end = { command: 'end', to: 'stop', cause: 'a plan' };
const WRONG: [what: string, asked: unknown, problem: RegExp][] = [
  [
    'nothing',
    undefined,
    /^command: expected "status", "reading", "pause", "resume", "stop-task" or "end", got/,
  ],
  ['a list', [], /^command/],
  ['an unknown command', { command: 'dance' }, /got "dance"/],
  ['an unknown goal', { ...end, to: '__proto__' }, /^to: expected one of drain, stop, kill, leave/],
  ['a resumption without a cause', { command: 'resume' }, /^cause/],
  ['no cause', { ...end, cause: undefined }, /^cause/],
  ['a cause with a terminal escape', { ...end, cause: '\u001b[2J' }, /^cause/],
  ['a cause of two lines', { ...end, cause: 'a\nb' }, /^cause/],
  [
    'a time limit that no timer keeps',
    { ...end, timeoutMs: 2 ** 31 },
    /^timeoutMs: expected 0 to 2147483647/,
  ],
  ['a negative time limit', { ...end, timeoutMs: -1 }, /^timeoutMs/],
  ['a time limit as text', { ...end, timeoutMs: '10m' }, /^timeoutMs/],
];

for (const [what, asked, problem] of WRONG) {
  test(`${what} is refused with its cause`, (t) => {
    const request = controlRequest(asked);
    t.is(typeof request, 'string');
    t.regex(String(request), problem);
  });
}
