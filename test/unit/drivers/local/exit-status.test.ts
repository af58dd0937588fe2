import test from 'ava';
import { exitOfStatus } from '../../../../src/drivers/local/exit-watch.js';

for (const code of [0, 1, 127, 128, 130, 134, 137, 139, 143, 255]) {
  test(`exit code ${code} is no signal`, (t) => {
    t.deepEqual(exitOfStatus({ code, signalled: false }), { kind: 'exited', code });
  });
}

for (const [code, signal] of [
  [130, 'SIGINT'],
  [134, 'SIGABRT'],
  [137, 'SIGKILL'],
  [143, 'SIGTERM'],
] as const) {
  test(`status ${code} of a command that a signal ended is ${signal}`, (t) => {
    t.deepEqual(exitOfStatus({ code, signalled: true }), { kind: 'signalled', signal });
  });
}
