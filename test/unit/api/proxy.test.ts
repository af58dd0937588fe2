import test from 'ava';
import { proxyFor } from '../../../src/api/proxy.js';

const PROXY = 'http://proxy:3128';

const CASES: readonly [what: string, url: string, env: Record<string, string>, host: string | undefined][] = [
  ['none set', 'http://api:8008', {}, undefined],
  ['by scheme', 'http://api:8008', { HTTP_PROXY: PROXY }, 'proxy'],
  ['the other scheme', 'https://api', { HTTP_PROXY: PROXY }, undefined],
  ['https', 'https://api', { HTTPS_PROXY: PROXY }, 'proxy'],
  ['all', 'https://api', { ALL_PROXY: PROXY }, 'proxy'],
  ['small letters win', 'http://api', { HTTP_PROXY: PROXY, http_proxy: 'small:1' }, 'small'],
  ['empty is not set', 'http://api', { HTTP_PROXY: ' ' }, undefined],
  ['everything excluded', 'http://api', { HTTP_PROXY: PROXY, NO_PROXY: '*' }, undefined],
  ['host excluded', 'http://api.corp', { HTTP_PROXY: PROXY, NO_PROXY: 'x, api.corp' }, undefined],
  ['domain excluded', 'http://api.corp', { HTTP_PROXY: PROXY, NO_PROXY: '.corp' }, undefined],
  ['domain with a star', 'http://api.corp', { HTTP_PROXY: PROXY, NO_PROXY: '*.corp' }, undefined],
  ['parent domain excluded', 'http://a.b.corp', { HTTP_PROXY: PROXY, NO_PROXY: 'corp' }, undefined],
  ['not a part of a word', 'http://apicorp', { HTTP_PROXY: PROXY, NO_PROXY: 'corp' }, 'proxy'],
  ['port excluded', 'http://api:8008', { HTTP_PROXY: PROXY, NO_PROXY: 'api:8008' }, undefined],
  ['another port', 'http://api:8008', { HTTP_PROXY: PROXY, NO_PROXY: 'api:80' }, 'proxy'],
  ['range', 'http://10.1.2.3:8008', { HTTP_PROXY: PROXY, NO_PROXY: '10.0.0.0/8' }, undefined],
  ['outside the range', 'http://11.1.2.3', { HTTP_PROXY: PROXY, NO_PROXY: '10.0.0.0/8' }, 'proxy'],
  ['IPv6', 'http://[::1]:8008', { HTTP_PROXY: PROXY, NO_PROXY: '::1' }, undefined],
];

for (const [what, url, env, host] of CASES) {
  test(what, (t) => t.is(proxyFor(new URL(url), env)?.host, host));
}

test('credentials and port of a proxy', (t) => {
  t.deepEqual(proxyFor(new URL('http://api'), { HTTP_PROXY: 'http://me:p%40ss@proxy' }), {
    variable: 'HTTP_PROXY',
    protocol: 'http',
    host: 'proxy',
    port: 80,
    auth: { username: 'me', password: 'p@ss' },
  });
});

test('a proxy of another kind is refused without showing its password', (t) => {
  const error = t.throws(() => proxyFor(new URL('http://api'), { HTTP_PROXY: 'socks5://me:secret@proxy:1' }));
  t.is(error.message, 'HTTP_PROXY: expected an address like http://host:port, found "socks5://proxy:1"');
});
