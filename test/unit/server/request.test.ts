import test from 'ava';
import { signToken, verifyToken } from '../../../src/server/auth/token.js';
import { isoDate, parseDate } from '../../../src/server/dates.js';
import { endpointPath, routeUrl } from '../../../src/server/http/endpoint-path.js';
import { parameters, parseBody } from '../../../src/server/http/request-body.js';

const body = (text: string, type = 'application/json') => parseBody(text, type);

test('paths with and without a version', (t) => {
  t.deepEqual(endpointPath('/tasks.get_all?page=1'), { name: 'tasks.get_all', version: '2.34' });
  t.deepEqual(endpointPath('//v2.23/tasks.get_all/'), { name: 'tasks.get_all', version: '2.23' });
  t.like(endpointPath('/v999/tasks.get_all'), { version: '999' });
  t.deepEqual(endpointPath('/api/tasks.get_all'), { name: 'tasks.get_all', version: '2.34' });
  t.deepEqual(endpointPath('/api/v2.23/tasks.get_all'), { name: 'tasks.get_all', version: '2.23' });
  t.is(routeUrl({ url: '/api/v2.23/tasks.get_all?page=1' }), '/tasks.get_all?page=1');
  for (const path of [
    '/',
    '/v2/tasks.get_all',
    '/tasks',
    '/v2.3.4/tasks.get_all',
    '/tasks.get_all/x',
    '/2.5/tasks.get_all',
    '/v2.5/api/tasks.get_all',
    '/api/api/tasks.get_all',
  ]) {
    t.is(endpointPath(path), undefined, path);
    t.is(routeUrl({ url: path }), path);
  }
});

test('every version has the same route, but for those before the first', (t) => {
  for (const path of ['/tasks.get_all', '//v2.23/tasks.get_all/', '/v999/tasks.get_all'])
    t.is(routeUrl({ url: `${path}?page=1` }), '/tasks.get_all?page=1');
  t.is(routeUrl({ url: '/v0.9/tasks.get_all' }), '/v0.9/tasks.get_all');
});

test('a body is JSON whatever its type says', (t) => {
  t.deepEqual(body('{"a":1}', 'application/x-www-form-urlencoded'), { a: 1 });
  t.deepEqual(body('a=1&b=x', 'application/x-www-form-urlencoded'), { a: 1, b: 'x' });
  t.is(body('', ''), undefined);
  t.deepEqual(body('null'), {});
  for (const text of ['{', '[]', '"x"'])
    t.like(
      t.throws(() => body(text)),
      { status: 400, subcode: 0 },
      text,
    );
});

test('a query string is typed, listed and nested', (t) => {
  const query = 'enabled=true&types=a&types=b&ids[]=1&n=2.5&version=1.2.3&inner.x=False';
  t.deepEqual(parameters(new URLSearchParams(query)), {
    n: 2.5,
    enabled: true,
    types: ['a', 'b'],
    ids: [1],
    version: '1.2.3',
    inner: { x: false },
  });
  parameters(new URLSearchParams('__proto__.polluted=1'));
  t.false('polluted' in {});
});

const nested = (levels: number) => `${'{"a":'.repeat(levels - 1)}{}${'}'.repeat(levels - 1)}`;

test('a body is nested 1,000 levels deep at most', (t) => {
  t.notThrows(() => body(nested(1000)));
  t.notThrows(() => body(`{"a": "${'['.repeat(2000)}\\\\\\"${'{'.repeat(2000)}"}`));
  for (const text of [nested(1001), '['.repeat(16_000_000), `{"a\\\\": ${nested(1000)}}`])
    t.like(
      t.throws(() => body(text)),
      { status: 400, subcode: 0 },
    );
  const query = Array.from({ length: 2000 }, () => 'a').join('.');
  t.like(
    t.throws(() => parameters(new URLSearchParams(`${query}=1`))),
    { status: 400, subcode: 0 },
  );
});

test('batches: one object a line', (t) => {
  t.deepEqual(body('{"a":1}\n{"a":2}\n', 'application/json-lines; charset=utf-8'), [{ a: 1 }, { a: 2 }]);
  t.deepEqual(body('', 'application/json-lines'), []);
  t.like(
    t.throws(() => body('{"a":1}\n3', 'application/json-lines')),
    { status: 400, subcode: 0 },
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
  t.is(verifyToken(`${token}.more`, 'secret', 99), undefined);
});

test('dates carry an offset; one without is UTC', (t) => {
  t.is(isoDate(0), '1970-01-01T00:00:00.000000+00:00');
  t.is(parseDate('1970-01-01T00:00:01'), 1000);
  t.is(parseDate('1970-01-01T01:00:01+01:00'), 1000);
  t.is(parseDate('1970-01-02'), 86_400_000);
  t.is(parseDate('nonsense'), undefined);
});
