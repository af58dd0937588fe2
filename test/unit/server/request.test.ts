import test from 'ava';
import { signToken, verifyToken } from '../../../src/server/auth/token.js';
import { isoDate, parseDate } from '../../../src/server/dates.js';
import { parseEndpointPath } from '../../../src/server/http/endpoint-path.js';
import { parseBody } from '../../../src/server/http/request-body.js';
import type { JsonObject } from '../../../src/server/json.js';
import { Params } from '../../../src/server/params.js';
import { checkFields, type FieldTable } from '../../../src/server/request-fields.js';

const body = (text: string, type = 'application/json', query = '') =>
  parseBody(text, type, new URLSearchParams(query));

test('paths with and without a version', (t) => {
  t.deepEqual(parseEndpointPath('/tasks.get_all'), { name: 'tasks.get_all', version: undefined });
  t.deepEqual(parseEndpointPath('//v2.23/tasks.get_all/'), { name: 'tasks.get_all', version: '2.23' });
  t.like(parseEndpointPath('/v999/tasks.get_all'), { version: '999' });
  for (const path of [
    '/',
    '/v2/tasks.get_all',
    '/tasks',
    '/v2.3.4/tasks.get_all',
    '/tasks.get_all/x',
    '/2.5/tasks.get_all',
  ]) {
    t.like(
      t.throws(() => parseEndpointPath(path)),
      { status: 400, subcode: 0 },
      path,
    );
  }
});

test('a body is JSON whatever its type says', (t) => {
  t.deepEqual(body('{"a":1}', 'application/x-www-form-urlencoded').fields, { a: 1 });
  t.deepEqual(body('a=1&b=x', 'application/x-www-form-urlencoded').fields, { a: 1, b: 'x' });
  t.deepEqual(body('', '').fields, {});
  t.deepEqual(body('null').fields, {});
  for (const text of ['{', '[]', '"x"'])
    t.like(
      t.throws(() => body(text)),
      { status: 400, subcode: 0 },
      text,
    );
});

test('a query string is typed, listed and nested', (t) => {
  const query = 'enabled=true&types=a&types=b&ids[]=1&n=2.5&version=1.2.3&inner.x=False';
  t.deepEqual(body('{"n":1,"kept":2}', 'application/json', query).fields, {
    n: 2.5,
    kept: 2,
    enabled: true,
    types: ['a', 'b'],
    ids: [1],
    version: '1.2.3',
    inner: { x: false },
  });
  body('', '', '__proto__.polluted=1');
  t.false('polluted' in {});
});

test('batches: one object a line', (t) => {
  t.deepEqual(body('{"a":1}\n{"a":2}\n', 'application/json-lines; charset=utf-8').batch, [
    { a: 1 },
    { a: 2 },
  ]);
  t.deepEqual(body('{"a":1}').batch, [{ a: 1 }], 'a single object is a batch of one');
  t.deepEqual(body('').batch, []);
  t.like(
    t.throws(() => body('{"a":1}\n3', 'application/json-lines')),
    { status: 400, subcode: 0 },
  );
});

test('fields of the wrong type are refused by name', (t) => {
  const params = new Params({ number: 7, list: ['a', 1], text: 'x', object: [] });
  t.deepEqual(params.texts('text'), ['x']);
  t.like(
    t.throws(() => params.text('number')),
    { subcode: 12 },
  );
  t.like(
    t.throws(() => params.texts('list')),
    { subcode: 12, data: { field: 'list' } },
  );
  t.like(
    t.throws(() => params.object('object')),
    { subcode: 12 },
  );
  t.like(
    t.throws(() => params.text('missing')),
    { subcode: 12 },
  );
});

test('the fields of a request are what the table of its endpoint says', (t) => {
  const table: FieldTable = {
    task: 'text!',
    ids: 'texts!',
    count: 'integer',
    order: ['asc', 'desc'],
    stats: { fields: { used: 'number', each: 'numbers' } },
    items: { items: { key: 'text!' }, atLeast: 1 },
  };
  const good: JsonObject = { task: 't', ids: ['1'], items: [{ key: 'k' }] };
  for (const more of [
    {},
    { task: '' },
    { ids: '1' },
    { count: '3', order: 'asc', stats: { used: 1.5, each: [1, 2], other: 'x' }, unknown: [] },
    { count: null, order: null, stats: null },
  ])
    t.notThrows(() => checkFields({ ...good, ...more }, table), JSON.stringify(more));
  for (const more of [
    { task: null },
    { task: 5 },
    { task: ['t'] },
    { ids: [] },
    { ids: [1] },
    { count: 'x' },
    { count: true },
    { order: 'sideways' },
    { stats: 'high' },
    { stats: { used: 'x' } },
    { stats: { each: 1 } },
    { items: [] },
    { items: [{}] },
    { items: ['k'] },
  ])
    t.like(
      t.throws(() => checkFields({ ...good, ...more }, table)),
      { status: 400, subcode: 12 },
      JSON.stringify(more),
    );
});

test('tokens: only ours, unchanged and in time', (t) => {
  const token = signToken({ exp: 100, user: 'u' }, 'secret');
  t.like(verifyToken(token, 'secret', 99), { user: 'u' });
  t.is(verifyToken(token, 'secret', 100), undefined);
  t.is(verifyToken(token, 'other', 99), undefined);
  const [, claims, signature] = token.split('.');
  const none = Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url');
  t.is(verifyToken(`${none}.${claims}.`, 'secret', 99), undefined);
  t.is(verifyToken(`${none}.${claims}.${signature}`, 'secret', 99), undefined);
  t.is(verifyToken('x', 'secret', 99), undefined);
});

test('dates carry an offset; one without is UTC', (t) => {
  t.is(isoDate(0), '1970-01-01T00:00:00.000000+00:00');
  t.is(parseDate('1970-01-01T00:00:01'), 1000);
  t.is(parseDate('1970-01-01T01:00:01+01:00'), 1000);
  t.is(parseDate('1970-01-02'), 86_400_000);
  t.is(parseDate('nonsense'), undefined);
});
