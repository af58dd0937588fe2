import http from 'node:http';
import test from 'ava';
import { ENDPOINTS } from '../../../src/server/endpoints.js';
import type { SchemaText } from '../../../src/server/schema.js';
import { serverUnderTest } from '../../support/embedded-server.js';

test('a name filter that takes for ever does not hold up other requests', async (t) => {
  const { server, call, refusal } = await serverUnderTest(t);
  await call('tasks.create', { name: `${'a'.repeat(5000)}!`, type: 'training' });
  // Nested quantifiers alone: no backtracking, so an answer.
  t.deepEqual(await call('tasks.get_all', { name: '^(a+)+$' }), { tasks: [] });
  t.deepEqual(await call('tasks.get_all', { _any_: { fields: ['name'], pattern: '^(A|A)*$' } }), {
    tasks: [],
  });
  const answered: string[] = [];
  const slow = refusal('tasks.get_all', { name: '^(?=(a+)+$)' }).then((code) => answered.push(code));
  const ping = fetch(`${server.url}/debug.ping`).then(({ status }) => answered.push(String(status)));
  await Promise.all([slow, ping]);
  t.deepEqual(answered, ['200', '400/21']);
});

/** A value `levels` deep. */
function nested(levels: number): unknown {
  return JSON.parse(`${'{"a":'.repeat(levels - 1)}{}${'}'.repeat(levels - 1)}`);
}

test('a body that is nested too deep is refused, one at the limit is kept', async (t) => {
  const { server, call, refusal } = await serverUnderTest(t);
  const task = { name: 'deep', type: 'training' };
  for (const field of ['runtime', 'execution', 'script', 'output', 'container', 'configuration'] as const) {
    t.is(await refusal('tasks.create', { ...task, [field]: nested(1000) }), '400/0', field);
    const { id } = await call('tasks.create', { ...task, [field]: nested(990) });
    await call('tasks.clone', { task: id });
    await call('tasks.get_all', { id: [id], only_fields: [field] });
    await call('tasks.get_all', { id: [id], only_fields: ['-name'] });
  }
  t.is(await refusal('tasks.get_all', { filters: nested(1001) }), '400/0');
  const query = Array.from({ length: 5000 }, () => 'a').join('.');
  t.is((await fetch(`${server.url}/debug.ping?${query}=1`)).status, 400);
});

const WRONG: unknown[] = [
  null,
  true,
  -1,
  1e300,
  '',
  'text',
  [],
  [null],
  [[]],
  [{}],
  {},
  { a: 1 },
  { __proto__: null, constructor: 1 },
  { toString: 1, valueOf: 1 },
  [{ toString: 1, valueOf: 1, key: { toString: 1, valueOf: 1 } }],
  '\u0000',
  '\ud800',
];

/** Fields of queries that no schema names. */
const FILTERS = ['id', 'name', 'project', 'tags', 'last_update', 'created', 'metadata.a.value', 'runtime.x'];

test('an object that a client stores where a text belongs does not break what others read', async (t) => {
  const { call, refusal } = await serverUnderTest(t);
  const odd = { toString: 1, valueOf: 1 };
  const task = { name: 'odd', type: 'training', hyperparams: { Args: { a: { name: 'a', value: odd } } } };
  await refusal('tasks.create', {
    ...task,
    execution: { artifacts: [{ key: odd }, { key: odd }] },
    models: { input: [{ model: odd, name: odd }] },
    runtime: { x: odd },
  });
  await refusal('tasks.create', { ...task, hyperparams: undefined, runtime: { x: odd } });
  const { id } = await call('tasks.create', { name: 'plain', type: 'training' });
  await refusal('tasks.edit', { task: id, execution: { artifacts: [{ key: odd }, { key: odd }] } });
  await refusal('models.create', { name: 'odd', uri: 'file:///x', metadata: [{ key: odd, value: odd }] });
  for (const [endpoint, body] of [
    ['tasks.get_all_ex', { order_by: ['runtime.x'], 'runtime.x': [odd] }],
    ['tasks.get_all_ex', { status: odd }],
    ['tasks.get_all', { 'hyperparams.Args.a.value': 'x' }],
    ['models.get_all_ex', { tags: [odd] }],
    ['projects.get_all_ex', { include_stats: true, include_stats_filter: { system_tags: [odd], tags: odd } }],
    ['reports.get_all_ex', { status: odd, last_update: [odd, odd] }],
    ['tasks.delete', { task: id, force: true }],
  ] as const)
    t.false((await refusal(endpoint, body)).startsWith('500'), endpoint);
});

function wrongBodies(schema: SchemaText | undefined): string[] {
  const fields = Object.keys(schema?.properties ?? {});
  const plausible = Object.fromEntries((schema?.required ?? []).map((field) => [field, 'abc']));
  const filters = fields.includes('only_fields') ? FILTERS : [];
  return [
    ...[...fields, ...filters].flatMap((field) =>
      WRONG.map((value) => JSON.stringify({ ...plausible, [field]: value })),
    ),
    ...['[]', '1', '"x"', '{', '\u0000', '{"a":1}\n{"b":2}'],
  ];
}

test('whatever is wrong in a field, the answer is no error of the server', async (t) => {
  const { server } = await serverUnderTest(t);
  const { accessKey, secretKey } = server.credentials;
  const authorization = `Basic ${Buffer.from(`${accessKey}:${secretKey}`).toString('base64')}`;
  const agent = new http.Agent({ keepAlive: true, maxSockets: 4 });
  t.teardown(() => agent.destroy());
  const ask = (name: string, body: string) => status(`${server.url}/${name}`, body, authorization, agent);
  const broken: string[] = [];
  for (const [name, { body }] of Object.entries(ENDPOINTS))
    for (const text of wrongBodies(body.type === 'array' ? body.items : body))
      if ((await ask(name, text)) >= 500) broken.push(`${name} ${text}`);
  t.deepEqual(broken, []);
});

function status(url: string, body: string, authorization: string, agent: http.Agent): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method: 'POST', agent, headers: { authorization } }, (response) => {
      const { statusCode = 0, headers } = response;
      response.resume().on('end', () => resolve(statusCode));
      if (!headers['content-type']?.startsWith('text/event-stream')) return;
      // It has no end.
      resolve(statusCode);
      response.destroy();
    });
    request.on('error', reject).end(body);
  });
}
