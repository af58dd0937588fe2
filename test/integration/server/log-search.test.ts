import test from 'ava';
import { SEARCH_LINES } from '../../../src/server/events/log/log-search.js';
import { serverUnderTest } from '../../support/embedded-server.js';

const START = 1_700_000_000_000;

interface Finding {
  timestamp?: number;
  next?: number;
  searched: number;
}

test('a log is searched from a time onwards and backwards, without colours and case', async (t) => {
  const { call, refusal } = await serverUnderTest(t);
  const { id: task } = await call<{ id: string }>('tasks.create', { name: 'printed', type: 'training' });
  const messages = ['Epoch 1', '\u001b[31mEpo\u001b[0mch 2', 'loss 0.5', 'epoch 3'];
  await call(
    'events.add_batch',
    messages.map((msg, index) => ({ type: 'log', task, msg, timestamp: START + index })),
  );
  const search = async (body: object) =>
    (await call<Finding>('events.search_task_log', { task, ...body })).timestamp;
  t.is(await search({ text: 'epoch' }), START + 3);
  t.is(await search({ text: 'EPOCH', from_timestamp: START + 3 }), START + 1);
  t.is(await search({ text: 'epoch', from_timestamp: START, navigate_earlier: false }), START + 1);
  t.is(await search({ text: 'epoch 9' }), undefined);
  t.deepEqual(await call('events.search_task_log', { task, text: 'epoch', from_timestamp: START }), {
    searched: 0,
  });
  t.regex(await refusal('events.search_task_log', { task: 'none', text: 'a' }), /^400\/101/);
  t.regex(await refusal('events.search_task_log', { task, text: '' }), /^400\/12/);
});

test('a search of a long log ends after a part of it and continues behind the last millisecond', async (t) => {
  const { call } = await serverUnderTest(t);
  const { id: task } = await call<{ id: string }>('tasks.create', { name: 'chatty', type: 'training' });
  const count = SEARCH_LINES + 4000;
  for (let from = 0; from < count; from += 8000)
    await call(
      'events.add_batch',
      Array.from({ length: Math.min(8000, count - from) }, (_, index) => ({
        type: 'log',
        task,
        msg: from + index === 0 ? 'the needle' : `line ${from + index}`,
        timestamp: START + Math.floor((from + index) / 3),
      })),
    );
  const first = await call<Finding>('events.search_task_log', { task, text: 'needle' });
  t.is(first.timestamp, undefined);
  t.true(first.searched >= SEARCH_LINES && first.searched < SEARCH_LINES + 3, String(first.searched));
  const from = first.next;
  const second = await call<Finding>('events.search_task_log', {
    task,
    text: 'needle',
    from_timestamp: from,
  });
  t.deepEqual(second, { timestamp: START, searched: count - first.searched });
});
