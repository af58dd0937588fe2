import test from 'ava';
import { announcement } from '../../../src/daemon/announcement.js';

test('the queues of a daemon as a table', (t) => {
  const queues = [
    { id: 'a1', name: 'default', tags: [] },
    { id: 'b22', name: 'gpu', tags: ['x', 'force_workers:on'] },
  ];
  t.deepEqual(
    announcement('box:gpu0', queues),
    [
      'Worker "box:gpu0" - Listening to queues:',
      '+-----+---------+---------------------+',
      '| id  | name    | tags                |',
      '+-----+---------+---------------------+',
      '| a1  | default |                     |',
      '| b22 | gpu     | x force_workers:on  |',
      '+-----+---------+---------------------+',
    ].map((line) => line),
  );
});
