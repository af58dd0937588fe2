import test from 'ava';
import type { StoredEvent } from '../../../src/server/events/event-store.js';
import { lastIteration, withScalars, withStats } from '../../../src/server/events/last-metrics.js';
import { md5 } from '../../../src/server/ids.js';

function scalar(iter: number, value: number, metric = 'loss'): StoredEvent {
  const identity = { type: 'training_stats_scalar', task: 't', metric, variant: 'train', key: '' } as const;
  return { ...identity, iter, value, timestamp: iter * 1000, body: {} };
}

test('the last value is that of the highest iteration of a batch; extremes keep theirs', (t) => {
  const events = [scalar(0, 5), scalar(2, 1), scalar(1, 9)];
  const metrics = withScalars({}, events);
  t.like(metrics, {
    [md5('loss')]: {
      [md5('train')]: {
        metric: 'loss',
        variant: 'train',
        value: 1,
        min_value: 1,
        min_value_iteration: 2,
        max_value: 9,
        max_value_iteration: 1,
        first_value: 5,
        first_value_iteration: 0,
        count: 3,
        mean_value: 5,
      },
    },
  });
});

test('a task knows when which kind of event came last', (t) => {
  const log: StoredEvent = { ...scalar(0, 1), type: 'log' };
  t.deepEqual(withStats({}, [scalar(0, 1), log], 'now'), {
    [md5('loss')]: { metric: 'loss', event_stats_by_type: { training_stats_scalar: { last_update: 'now' } } },
  });
});

test('figures of the machine do not move a task on', (t) => {
  t.is(lastIteration(3, [scalar(100, 1, ':monitor:machine'), scalar(7, 1)]), 7);
  t.is(lastIteration(9, [scalar(7, 1), scalar(-2_147_483_648, 1, 'Summary')]), 9);
});
