import test from 'ava';
import { Gate } from '../../../src/daemon/queues/gate.js';

const NEVER = new AbortController().signal;

function gateOver(read: () => Promise<{ key: string; value: string }[] | undefined>) {
  const asked: string[] = [];
  const gate = new Gate({
    workers: {
      getRuntimeProperties: async (worker) => {
        asked.push(worker);
        return read();
      },
    },
    workerId: 'host:0',
    schedule: { uptime: [], downtime: [] },
    say: () => undefined,
  });
  return { gate, asked, allows: () => gate.allows({ id: 'q', tags: [] }) };
}

test('the properties of the worker are read once a minute, and decide', async (t) => {
  const { gate, asked, allows } = gateOver(async () => [{ key: 'force', value: 'off' }]);
  t.true(allows());
  for (let count = 0; count < 3; count += 1) await gate.refresh(NEVER);
  t.deepEqual(asked, ['host:0']);
  t.false(allows());
});

test('a reading that fails changes nothing and is repeated a minute later', async (t) => {
  const { gate, asked, allows } = gateOver(() => Promise.reject(new Error('the server is away')));
  for (let count = 0; count < 3; count += 1) await gate.refresh(NEVER);
  t.deepEqual(asked, ['host:0']);
  t.true(allows());
});
