import test from 'ava';
import { parse } from 'smol-toml';
import { uvIndexes } from '../../../src/python/install/uv-index-file.js';

const LOGIN = 'https://me:pass@a.example/simple';
const NONE = {
  UV_DEFAULT_INDEX: undefined,
  UV_INDEX: undefined,
  UV_FIND_LINKS: undefined,
  UV_INDEX_URL: undefined,
  UV_EXTRA_INDEX_URL: undefined,
};

test('indexes without logins stay in variables', (t) => {
  const variables = { UV_INDEX: 'https://a.example/simple', UV_PRERELEASE: 'allow' };
  t.deepEqual(uvIndexes(variables, { UV_INDEX_URL: 'https://b.example/' }, '/code'), {
    env: variables,
    file: undefined,
  });
});

test('one login moves all indexes into the file, in their order', (t) => {
  const { env, file = '' } = uvIndexes(
    { UV_INDEX: `${LOGIN} corp.x=https://b.example/?x=1`, UV_PRERELEASE: 'allow' },
    {
      UV_EXTRA_INDEX_URL: 'local/simple',
      UV_INDEX_URL: 'https://c.example/',
      UV_FIND_LINKS: 'wheels,/w,https://d/',
    },
    '/code',
  );
  t.deepEqual(env, { ...NONE, UV_PRERELEASE: 'allow' });
  t.deepEqual(parse(file), {
    'find-links': ['/code/wheels', '/w', 'https://d/'],
    index: [
      { url: LOGIN },
      { name: 'corp.x', url: 'https://b.example/?x=1' },
      { url: '/code/local/simple' },
      { url: 'https://c.example/', default: true },
    ],
  });
});

for (const [name, env] of Object.entries<Record<string, string>>({
  'UV_DEFAULT_INDEX before UV_INDEX_URL': { UV_DEFAULT_INDEX: LOGIN, UV_INDEX_URL: 'https://c.example/' },
  'UV_INDEX_URL alone': { UV_INDEX_URL: LOGIN },
}))
  test(`the default index: ${name}`, (t) => {
    t.deepEqual(parse(uvIndexes({}, env, undefined).file ?? ''), { index: [{ url: LOGIN, default: true }] });
  });

test('a login of the operator in UV_FIND_LINKS is used', (t) => {
  t.deepEqual(parse(uvIndexes({}, { UV_FIND_LINKS: LOGIN }, undefined).file ?? ''), {
    'find-links': [LOGIN],
    index: [],
  });
});

for (const name of ['UV_NO_CONFIG', 'UV_CONFIG_FILE'])
  test(`with ${name}, uv reads no file of the agent`, (t) => {
    const variables = { UV_INDEX: LOGIN };
    t.deepEqual(uvIndexes(variables, { [name]: '1' }, undefined), { env: variables, file: undefined });
  });
