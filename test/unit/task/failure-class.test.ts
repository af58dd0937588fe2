import test from 'ava';
import type { WorkloadExit } from '../../../src/drivers/driver.js';
import { AgentError } from '../../../src/errors.js';
import { failureClass, isInfrastructure, setupCause, setupEnd } from '../../../src/task/failure-class.js';
import type { RunEnd } from '../../../src/task/outcome.js';

const EXITS: readonly [WorkloadExit, string | undefined][] = [
  [{ kind: 'exited', code: 0 }, undefined],
  [{ kind: 'exited', code: 3 }, 'user_exit_code'],
  [{ kind: 'exited', code: 1, oomKilled: true }, 'out_of_memory'],
  [{ kind: 'signalled', signal: 'SIGKILL', oomKilled: true }, 'out_of_memory'],
  [{ kind: 'signalled', signal: 'SIGSEGV' }, 'signal'],
  [{ kind: 'lost', reason: 'gone' }, 'agent_lost'],
];

for (const [exit, expected] of EXITS) {
  test(`the class of ${JSON.stringify(exit)} is ${expected}`, (t) => {
    t.is(failureClass({ kind: 'exit', exit }), expected as ReturnType<typeof failureClass>);
  });
}

test('a failed command whose GPU is gone is a GPU fault, unless its memory ran out', (t) => {
  const gpuFault = 'GPU 1 is gone';
  const of = (exit: WorkloadExit) => failureClass({ kind: 'exit', exit, gpuFault });
  t.is(of({ kind: 'exited', code: 1 }), 'gpu_fault');
  t.is(of({ kind: 'signalled', signal: 'SIGABRT' }), 'gpu_fault');
  t.is(of({ kind: 'exited', code: 137, oomKilled: true }), 'out_of_memory');
  t.is(of({ kind: 'exited', code: 0 }), undefined);
});

const enospc = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
const ERRORS: readonly [unknown, string, boolean][] = [
  [new AgentError('REPOSITORY_CLONE', 'no such repository'), 'clone', false],
  [new AgentError('REPOSITORY_CLONE', 'no route', { infrastructure: true }), 'clone', true],
  [new AgentError('REQUIREMENTS_INSTALL', 'no such package'), 'environment', false],
  [new AgentError('REQUIREMENTS_INSTALL', 'no index', { infrastructure: true }), 'environment', true],
  [new AgentError('DOCKER_IMAGE', 'no such image'), 'image_pull', false],
  [new AgentError('GPU_DEVICE', 'no such device'), 'gpu_fault', true],
  [new AgentError('DISK_FULL', 'full'), 'disk_full', true],
  [new AgentError('DOCKER_ENGINE', 'no program listens there'), 'setup', true],
  [new AgentError('API_REFUSED', 'tasks.started: no (403/21)'), 'server_refused', false],
  [new AgentError('API_CREDENTIALS', 'revoked'), 'server_refused', false],
  [new AgentError('INTERNAL', 'a bug'), 'setup', false],
  [enospc, 'disk_full', true],
  [new Error('a bug'), 'setup', false],
];

for (const [error, expected, infrastructure] of ERRORS) {
  test(`the class of the set-up error "${error}" is ${expected}, infrastructure: ${infrastructure}`, (t) => {
    t.deepEqual(setupCause(error), {
      class: expected as ReturnType<typeof failureClass> & string,
      infrastructure,
    });
  });
}

test('a setup failure of a journal without classes is "setup", and of stops only a time limit has a class', (t) => {
  t.is(failureClass({ kind: 'setup', reason: 'r', cause: 'c', class: 'clone' }), 'clone');
  t.is(failureClass({ kind: 'setup', reason: 'r', cause: 'written before there were classes' }), 'setup');
  t.is(failureClass({ kind: 'stop', reason: 'stopped' }), undefined);
  t.is(failureClass({ kind: 'stop', reason: 'time_limit' }), 'time_limit');
});

const exited: WorkloadExit = { kind: 'exited', code: 1 };
const ENDS: readonly [RunEnd, boolean][] = [
  [{ kind: 'exit', exit: exited }, false],
  [{ kind: 'exit', exit: exited, gpuFault: 'gone' }, true],
  [{ kind: 'exit', exit: exited, diskFull: '/runs' }, true],
  [{ kind: 'exit', exit: { kind: 'exited', code: 0 }, diskFull: '/runs' }, false],
  [{ kind: 'exit', exit: { kind: 'exited', code: 0 }, gpuFault: 'gone' }, false],
  [{ kind: 'exit', exit: { kind: 'exited', code: 1, oomKilled: true } }, false],
  [{ kind: 'exit', exit: { kind: 'signalled', signal: 'SIGSEGV' } }, false],
  [{ kind: 'exit', exit: { kind: 'lost', reason: 'gone' } }, true],
  [{ kind: 'exit', exit: { kind: 'lost', reason: 'gone' }, stands: true }, false],
  [{ kind: 'setup', reason: 'r', cause: 'c', class: 'clone', infrastructure: true }, true],
  [{ kind: 'setup', reason: 'r', cause: 'c', class: 'clone' }, false],
  [{ kind: 'stop', reason: 'stopped' }, false],
  [{ kind: 'stop', reason: 'time_limit' }, false],
];

for (const [end, expected] of ENDS) {
  test(`${JSON.stringify(end)} is infrastructure: ${expected}`, (t) => {
    t.is(isInfrastructure(end), expected);
  });
}

test('a task that found no room goes back to its queue, and fails where it came from none', (t) => {
  const error = new AgentError('NO_PLACE', 'no node took it', { infrastructure: true });
  const run = { ctx: {} as never, task: 't' };
  t.deepEqual(setupEnd({ ...run, queue: 'q' }, error), {
    kind: 'stop',
    reason: 'no_place',
    by: 'no node took it',
    requeue: true,
  });
  t.like(setupEnd({ ...run, queue: undefined }, error), { kind: 'setup', infrastructure: true });
});
