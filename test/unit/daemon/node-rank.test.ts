import test from 'ava';
import { loadConfig } from '../../../src/config/load.js';
import { nameRank, nodeRank } from '../../../src/daemon/node-rank.js';
import type { LogEvent, LogServer } from '../../../src/logs/delivery.js';

const configOf = (env: Readonly<Record<string, string | undefined>>) =>
  loadConfig({ env, home: '/nonexistent' });
const event: LogEvent = { type: 'log', level: 'DEBUG', task: 't', worker: 'w', msg: 'line\n', timestamp: 1 };

/** Keeps what it is sent. */
function memory(): LogServer & { events: LogEvent[] } {
  const events: LogEvent[] = [];
  return {
    events,
    deliver: async (sent) => {
      events.push(...sent);
      return { kind: 'accepted', added: sent.length };
    },
    stored: async () => ({ kind: 'events', events }),
  };
}

for (const [env, rank] of [
  [{}, 0],
  [{ RANK: '3' }, 3],
  [{ SLURM_PROCID: '2' }, 2],
  [{ RANK: '1', SLURM_PROCID: '2' }, 1],
  [{ RANK: 'first' }, 0],
] as const) {
  test(`the rank of ${JSON.stringify(env)} is ${rank}`, (t) => t.is(nodeRank(configOf(env)), rank));
}

test('messages of a node that is not the first are headed by its rank, and known again without', async (t) => {
  const server = memory();
  const named = nameRank(server, configOf({ RANK: '3', CLEARML_MULTI_NODE_SINGLE_TASK: '4' }));
  const { signal } = new AbortController();
  await named.deliver([event], signal);
  t.deepEqual(server.events, [{ ...event, msg: '\u001b[38;5;23mRANK 3:\u001b[0m\nline\n' }]);
  t.deepEqual(await named.stored({ task: 't', until: 2, count: 1 }, signal), {
    kind: 'events',
    events: [event],
  });
});

for (const env of [
  { CLEARML_MULTI_NODE_SINGLE_TASK: '4' },
  { RANK: '1' },
  { RANK: '1', CLEARML_MULTI_NODE_SINGLE_TASK: '0' },
  { RANK: '1', CLEARML_MULTI_NODE_SINGLE_TASK: '-1' },
]) {
  test(`no heading with ${JSON.stringify(env)}`, (t) => {
    const server = memory();
    t.is(nameRank(server, configOf(env)), server);
  });
}
