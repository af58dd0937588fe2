import test from 'ava';
import { exitOfStatus } from '../../../../src/drivers/local/exit-watch.js';

test('statuses above 128 are signals where there is one of that number', (t) => {
  t.deepEqual(exitOfStatus(0), { kind: 'exited', code: 0 });
  t.deepEqual(exitOfStatus(1), { kind: 'exited', code: 1 });
  t.deepEqual(exitOfStatus(127), { kind: 'exited', code: 127 });
  t.deepEqual(exitOfStatus(128), { kind: 'exited', code: 128 });
  t.deepEqual(exitOfStatus(130), { kind: 'signalled', signal: 'SIGINT' });
  t.deepEqual(exitOfStatus(134), { kind: 'signalled', signal: 'SIGABRT' });
  t.deepEqual(exitOfStatus(137), { kind: 'signalled', signal: 'SIGKILL' });
  t.deepEqual(exitOfStatus(143), { kind: 'signalled', signal: 'SIGTERM' });
  t.deepEqual(exitOfStatus(255), { kind: 'exited', code: 255 });
});
