import test from 'ava';
import type { WorkloadExit } from '../../../src/drivers/driver.js';
import { failureClass, setupClass } from '../../../src/task/failure-class.js';

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

test('errors of the set-up have classes, and a stop has none', (t) => {
  const codes = [
    'REPOSITORY_CLONE',
    'REQUIREMENTS_INSTALL',
    'DOCKER_IMAGE',
    'DISK_FULL',
    'INTERNAL',
  ] as const;
  t.deepEqual(codes.map(setupClass), ['clone', 'environment', 'image_pull', 'disk_full', 'setup']);
  t.is(failureClass({ kind: 'setup', reason: 'r', cause: 'c', class: 'clone' }), 'clone');
  t.is(failureClass({ kind: 'setup', reason: 'r', cause: 'written before there were classes' }), 'setup');
  t.is(failureClass({ kind: 'stop', reason: 'stopped' }), undefined);
});
