import path from 'node:path';

/**
 * Writes events into the database of a checkout's server: `node fill-events.mjs CHECKOUT FOLDER log|scalars TASK COUNT`.
 */
const [checkout = '', folder = '', kind = 'log', task = '', count = '0'] = process.argv.slice(2);
const load = (file) => import(path.join(checkout, 'dist/server', file));
const { Database } = await load('storage/database.js');
const store = await load('events/event-store.js');
const { startBackground } = await load('upkeep/background.js').catch(() => ({}));

const BATCH = 1000;
const CURVES = 10;
const START = 1.7e12;
const database = await Database.open(path.join(folder, 'server.db'));
const server = { database, now: Date.now, reader: { run: async () => undefined } };
const eventOf = kind === 'log' ? lineOf : pointOf;
for (let first = 0; first < Number(count); first += BATCH)
  database.transaction(() => {
    const events = Array.from({ length: Math.min(BATCH, Number(count) - first) }, (_, n) =>
      eventOf(first + n),
    );
    if (store.addEvents) store.addEvents(database, task, events, START);
    else for (const event of events) store.addEvent(database, event);
  });
// What the server does between requests.
const background = startBackground?.(server, (error) => {
  throw error;
});
await background?.done();
await background?.close();
database.close();

function event(type, body, { metric = '', variant = '', iter = 0, value = null, timestamp }) {
  const whole = {
    worker: 'agent-01:gpu0',
    ...body,
    task,
    type,
    model_event: false,
    timestamp,
    metric,
    variant,
    '@timestamp': new Date(timestamp - (timestamp % 10_000)).toISOString(),
  };
  return { type, task, timestamp, metric, variant, iter, key: '', value, body: whole };
}

/** A line of about 100 characters, as training loops print them. */
function lineOf(n) {
  const mixed = Math.imul(n + 1, 2_654_435_761) >>> 0;
  const msg = `Epoch ${Math.floor(n / 1000)} [${n % 1000}/1000] loss=${(mixed % 100_003) / 1e5} accuracy=${((mixed >>> 7) % 9973) / 1e4} lr=0.0003 ${(mixed >>> 3) % 1999} samples/s\n`;
  return event('log', { level: 'INFO', msg }, { timestamp: START + 7 * n });
}

function pointOf(n) {
  const mixed = Math.imul(n + 1, 2_654_435_761) >>> 0;
  const iter = Math.floor(n / CURVES);
  const value = (mixed % 100_003) / 1e5;
  const identity = { metric: `metric ${n % 2}`, variant: `variant ${n % CURVES}`, iter, value };
  return event('training_stats_scalar', { iter, value }, { ...identity, timestamp: START + 11 * iter });
}
