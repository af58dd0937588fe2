import test from 'ava';
import { channelsOf } from '../../../src/python/conda/conda-plan.js';
import { poetryLogins } from '../../../src/python/install/poetry-logins.js';

test('channels that dependencies of conda name are hosts of the task', (t) => {
  const conda = [
    'https://a.example/channel::numpy',
    'http://[::1]:8080/channel::numpy',
    "numpy=1[channel='https://user@b.example/channel',build=x]",
    'https://c.example::numpy',
    'conda-forge::numpy',
  ];
  t.deepEqual(
    channelsOf({ conda }).map(({ url }) => url),
    ['https://a.example', 'http://[::1]:8080', 'https://user@b.example', 'https://c.example'],
  );
});

test("names of logins in poetry's files are found as poetry finds them", async (t) => {
  const files: Record<string, string> = {
    '/c/auth.toml':
      '[http-basic.Internal]\nusername = "u"\npassword = "p"\n[http-basic.a.b]\nusername = "u"\n',
    '/c/config.toml': '[virtualenvs]\ncreate = false\n',
    '/x/pypoetry/auth.toml': 'not [ toml',
  };
  const place = { read: async (file: string) => files[file] };
  const found = await poetryLogins(place, { POETRY_CONFIG_DIR: '/c' });
  t.deepEqual(
    found.map(({ file, names }) => [file, [...names]]),
    [['/c/auth.toml', ['internal', 'a', 'a.b']]],
  );
  t.deepEqual(await poetryLogins(place, { XDG_CONFIG_HOME: '/x', HOME: '/h' }), []);
});
