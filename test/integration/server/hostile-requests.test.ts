import http from 'node:http';
import test from 'ava';
import { ENDPOINTS } from '../../../src/server/endpoints.js';
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
  '\u0000',
  '\ud800',
];

/** Fields of queries that no schema names. */
const FILTERS = ['id', 'name', 'project', 'tags', 'last_update', 'created', 'metadata.a.value', 'runtime.x'];

test('whatever is wrong in a field, the answer is no error of the server', async (t) => {
  const { server } = await serverUnderTest(t);
  const { accessKey, secretKey } = server.credentials;
  const authorization = `Basic ${Buffer.from(`${accessKey}:${secretKey}`).toString('base64')}`;
  const agent = new http.Agent({ keepAlive: true, maxSockets: 4 });
  t.teardown(() => agent.destroy());
  const ask = (name: string, body: string) => status(`${server.url}/${name}`, body, authorization, agent);
  for (const [name, { body }] of Object.entries(ENDPOINTS)) {
    const schema = body.type === 'array' ? body.items : body;
    const fields = Object.keys(schema?.properties ?? {});
    const plausible = Object.fromEntries((schema?.required ?? []).map((field) => [field, 'abc']));
    const filters = fields.includes('only_fields') ? FILTERS : [];
    for (const field of [...fields, ...filters]) {
      for (const value of WRONG) {
        const text = JSON.stringify({ ...plausible, [field]: value });
        t.true((await ask(name, text)) < 500, `${name} ${text}`);
      }
    }
    for (const text of ['[]', '1', '"x"', '{', '\u0000', '{"a":1}\n{"b":2}'])
      t.true((await ask(name, text)) < 500, `${name} ${text}`);
  }
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
