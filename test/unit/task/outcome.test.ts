import test from 'ava';
import { type RunEnd, settlementOf } from '../../../src/task/outcome.js';

const cases: [string, RunEnd, [string | undefined, string, string, number]][] = [
  [
    'exit 0',
    { kind: 'exit', exit: { kind: 'exited', code: 0 } },
    ['completed', 'worker execution done', 'Process completed successfully', 0],
  ],
  [
    'exit 3',
    { kind: 'exit', exit: { kind: 'exited', code: 3 } },
    ['failed', 'worker execution exit code 3', 'Process failed, exit code 3', 3],
  ],
  [
    'an abort by the user',
    { kind: 'stop', reason: 'stopped' },
    ['stopped', 'task was stopped by tasks.stop', 'Process aborted by user', 130],
  ],
  [
    'the end of `agent execute` by its user',
    { kind: 'stop', reason: 'shutdown' },
    ['stopped', 'user abort', 'Process terminated by user', 130],
  ],
  [
    'a stop by the operator',
    { kind: 'stop', reason: 'shutdown', by: 'SIGTERM (worker a:0 on rig)' },
    [
      'stopped',
      'stopped by the operator: SIGTERM (worker a:0 on rig)',
      'Process ended: stopped by the operator: SIGTERM (worker a:0 on rig)',
      130,
    ],
  ],
  [
    'a stop by the operator who wants the task back in its queue',
    { kind: 'stop', reason: 'shutdown', by: 'SIGTERM (worker a:0 on rig)', requeue: true },
    [
      'requeued',
      'put back: stopped by the operator: SIGTERM (worker a:0 on rig)',
      'Process ended: put back: stopped by the operator: SIGTERM (worker a:0 on rig)',
      130,
    ],
  ],
  [
    'no room in a cluster',
    { kind: 'stop', reason: 'no_place', by: 'no node took it', requeue: true },
    ['requeued', 'put back: no node took it', 'Process ended: put back: no node took it', 1],
  ],
  [
    'the time limit of the task',
    { kind: 'stop', reason: 'time_limit', by: 'time limit of 1:30:00 reached' },
    ['failed', 'time limit of 1:30:00 reached', 'Process failed: time limit of 1:30:00 reached', 1],
  ],
  [
    'exit 1 on a full disk',
    { kind: 'exit', exit: { kind: 'exited', code: 1 }, diskFull: '/runs/a' },
    [
      'failed',
      'worker execution exit code 1 (no space left on the disk of its output, /runs/a)',
      'Process failed, exit code 1 (no space left on the disk of its output, /runs/a)',
      1,
    ],
  ],
  [
    'death by SIGKILL',
    { kind: 'exit', exit: { kind: 'signalled', signal: 'SIGKILL' } },
    ['failed', 'worker execution exit code -9 (SIGKILL)', 'Process failed, exit code -9 (SIGKILL)', 137],
  ],
  [
    'death by lack of memory',
    { kind: 'exit', exit: { kind: 'signalled', signal: 'SIGKILL', oomKilled: true } },
    [
      'failed',
      'worker execution exit code -9 (SIGKILL, out of memory)',
      'Process failed, exit code -9 (SIGKILL, out of memory)',
      137,
    ],
  ],
  [
    'exit 1 after a process was lost to a lack of memory',
    { kind: 'exit', exit: { kind: 'exited', code: 1, oomKilled: true } },
    [
      'failed',
      'worker execution exit code 1 (a process ran out of memory)',
      'Process failed, exit code 1 (a process ran out of memory)',
      1,
    ],
  ],
  [
    'death by Ctrl-C',
    { kind: 'exit', exit: { kind: 'signalled', signal: 'SIGINT' } },
    ['stopped', 'user abort', 'Process terminated by user', 130],
  ],
  [
    'a failed set-up',
    { kind: 'setup', reason: 'failed cloning repository', cause: 'no such host' },
    ['failed', 'failed cloning repository', 'Process failed: no such host', 1],
  ],
  [
    'a failed set-up with the words of its tool',
    {
      kind: 'setup',
      reason: 'failed cloning repository',
      cause: 'no such host',
      words: ['fatal: x', 'Do y.'],
    },
    ['failed', 'failed cloning repository', 'Process failed: no such host\n  fatal: x\n  Do y.', 1],
  ],
];

for (const [title, end, expected] of cases) {
  test(`the server gets ${title} unchanged`, (t) => {
    const got = settlementOf(end);
    t.deepEqual([got.call, got.status_reason, got.logText, got.exitStatus], expected);
  });
}

for (const reason of ['reset', 'status_changed', 'exception'] as const) {
  test(`a task that another client ended (${reason}) keeps the status they gave it`, (t) => {
    t.is(settlementOf({ kind: 'stop', reason }).call, undefined);
  });
}
