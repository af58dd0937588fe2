import test from 'ava';
import fastify from 'fastify';
import { ApiError } from '../../../src/server/api-error.js';
import { AJV_OPTIONS, refusalOf } from '../../../src/server/http/validation.js';
import type { JsonObject } from '../../../src/server/json.js';
import {
  flag,
  integer,
  key,
  listOf,
  nullableText,
  number,
  object,
  oneOf,
  refusedAs,
  required,
  text,
  texts,
  withDefault,
} from '../../../src/server/schema.js';

const SCHEMA = object({
  task: required(text),
  ids: required(texts),
  count: withDefault(integer, 7),
  page: { ...integer, minimum: 0 },
  order: oneOf(['asc', 'desc']),
  force: flag,
  cursor: nullableText,
  name: key,
  tags: refusedAs('data_validation_error', listOf(text)),
  stats: object({ used: number, each: listOf(number) }),
  items: listOf(object({ key: required(text) })),
});
const GOOD = { task: 't', ids: ['1'] };

const app = fastify({ ajv: AJV_OPTIONS, schemaErrorFormatter: refusalOf });
app.post('/', { schema: { body: SCHEMA } }, (request) => ({ body: request.body }));
app.setErrorHandler((error, _request, reply) => {
  if (!(error instanceof ApiError)) throw error;
  const { status, subcode, data, message } = error;
  return reply.code(status).send({ code: `${status}/${subcode}`, field: data.field, message });
});

/** What reaches a handler, or the refusal. */
async function sent(body: JsonObject): Promise<JsonObject> {
  const answer = await app.inject({ method: 'POST', url: '/', payload: body });
  return answer.json();
}

const READ: [JsonObject, JsonObject][] = [
  [{}, {}],
  [{ task: '' }, { task: '' }],
  [{ ids: '1' }, { ids: ['1'] }],
  [{ count: '3' }, { count: 3 }],
  [{ count: 2.9 }, { count: 2 }],
  [{ count: null, order: null, stats: null, tags: null }, {}],
  [{ cursor: null }, { cursor: null }],
  [{ force: 1 }, { force: true }],
  [
    { stats: { used: '1.5', each: ['1', 2], other: 'x' } },
    { stats: { used: 1.5, each: [1, 2], other: 'x' } },
  ],
  [
    { unknown: [null], none: null },
    { unknown: [null], none: null },
  ],
];

for (const [more, read] of READ) {
  test(`read: ${JSON.stringify(more)}`, async (t) => {
    t.deepEqual(await sent({ ...GOOD, ...more }), { body: { ...GOOD, count: 7, ...read } });
  });
}

const REFUSED: [JsonObject, string, string][] = [
  [{ task: null }, 'task', 'the field is required'],
  [{ task: 5 }, 'task', 'expected a text'],
  [{ task: ['t'] }, 'task', 'expected a text'],
  [{ ids: [] }, 'ids', 'the field is required'],
  [{ ids: [1] }, 'ids.0', 'expected a text'],
  [{ count: 'x' }, 'count', 'expected a whole number'],
  [{ count: ' ' }, 'count', 'expected a whole number'],
  [{ count: true }, 'count', 'expected a whole number'],
  [{ page: -1 }, 'page', 'expected 0 or more'],
  [{ order: 'sideways' }, 'order', 'expected one of asc, desc'],
  [{ force: 'yes' }, 'force', 'expected a boolean'],
  [{ force: 2 }, 'force', 'expected a boolean'],
  [{ cursor: 5 }, 'cursor', 'expected a text or null'],
  [{ name: '' }, 'name', 'expected a name'],
  [{ name: 'constructor' }, 'name', 'expected a name'],
  [{ stats: 'high' }, 'stats', 'expected an object'],
  [{ stats: { used: 'x' } }, 'stats.used', 'expected a number'],
  [{ stats: { each: 1 } }, 'stats.each', 'expected a list'],
  [{ items: [{}] }, 'items.0.key', 'the field is required'],
  [{ items: ['k'] }, 'items.0', 'expected an object'],
];

for (const [more, field, message] of REFUSED) {
  test(`refused: ${JSON.stringify(more)}`, async (t) => {
    const refusal = await sent({ ...GOOD, ...more });
    t.like(refusal, { code: '400/12', field });
    t.is(refusal.message, `Validation error (${message}): field=${field}`);
  });
}

test('a schema may name another refusal', async (t) => {
  t.like(await sent({ ...GOOD, tags: 'x' }), { code: '400/800', field: 'tags' });
});
