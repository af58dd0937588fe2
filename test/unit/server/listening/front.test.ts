import test from 'ava';
import { destinationOf, ownerOf, type Service } from '../../../../src/server/listening/front.js';
import { addressesFor, type Reached } from '../../../../src/server/web/addresses.js';

const CASES: [own: Service | undefined, prefix: string, url: string, to: string][] = [
  // One port for all.
  [undefined, '', '/', 'web /'],
  [undefined, '', '/configuration.json', 'web /configuration.json'],
  [undefined, '', '/api/debug.ping', 'api /api/debug.ping'],
  [undefined, '', '/api/v2.30/tasks.get_all?x=1', 'api /api/v2.30/tasks.get_all?x=1'],
  [undefined, '', '/main.js', 'web /main.js'],
  [undefined, '', '/v2.30/tasks.get_all', 'api /v2.30/tasks.get_all'],
  [undefined, '', '/api', 'api /api'],
  [undefined, '', '/apis', 'web /apis'],
  [undefined, '', '/files', 'files /'],
  [undefined, '', '/files/', 'files /'],
  [undefined, '', '/files?x', 'files /?x'],
  [undefined, '', '/files/a/files/b', 'files /a/files/b'],
  [undefined, '', '/filesystem', 'web /filesystem'],
  [undefined, '/ml', '/ml', 'web /'],
  [undefined, '/ml', '/ml/files/x', 'files /x'],
  [undefined, '/ml', '/ml/api/debug.ping', 'api /api/debug.ping'],
  [undefined, '/ml', '/files/x', 'files /x'],
  [undefined, '/ml', '/mlx/files/x', 'web /mlx/files/x'],
  // A port of its own.
  ['api', '', '/files/x', 'api /files/x'],
  ['files', '', '/files/x', 'files /files/x'],
  ['files', '', '/api/debug.ping', 'files /api/debug.ping'],
  ['files', '/ml', '/ml/files/x', 'files /x'],
  ['files', '/ml', '/ml/x', 'files /x'],
  ['files', '/ml', '/files/x', 'files /files/x'],
  ['api', '/ml', '/ml/api/debug.ping', 'api /api/debug.ping'],
];

for (const [own, prefix, url, to] of CASES) {
  test(`${url} on ${own ?? 'the one port'}${prefix && ` below ${prefix}`} is for ${to}`, (t) => {
    const { service, url: inner } = destinationOf(url, own, prefix);
    t.is(`${service} ${inner}`, to);
  });
}

test('the page shares its port with the others', (t) => {
  t.deepEqual(
    (['web', 'api', 'files'] as const).map((service) => ownerOf(service, false)),
    [undefined, 'api', 'files'],
  );
  t.is(ownerOf('web', true), undefined);
});

const OWN = { web: 'http://127.0.0.1:8080', api: 'http://127.0.0.1:8008', files: 'http://127.0.0.1:8081' };
const SEEN: [what: string, reached: Reached, onePort: boolean, api: string, files: string][] = [
  ['a host', { scheme: 'http', host: 'ml:8080', prefix: '' }, false, 'http://ml:8008', 'http://ml:8081'],
  [
    'an IPv6 address',
    { scheme: 'http', host: '[::1]:8080', prefix: '' },
    false,
    'http://[::1]:8008',
    'http://[::1]:8081',
  ],
  [
    'a sub-domain',
    { scheme: 'https', host: 'app.x.org', prefix: '' },
    false,
    'https://api.x.org',
    'https://files.x.org',
  ],
  [
    'one port',
    { scheme: 'http', host: 'ml:8080', prefix: '' },
    true,
    'http://ml:8080/api',
    'http://ml:8080/files',
  ],
  [
    'a prefix',
    { scheme: 'https', host: 'x.org', prefix: '/ml' },
    false,
    'https://x.org/ml/api',
    'https://x.org/ml/files',
  ],
  ['no name at all', { scheme: 'http', host: '', prefix: '' }, false, OWN.api, OWN.files],
  ['a name that is none', { scheme: 'http', host: 'a b"<', prefix: '' }, false, OWN.api, OWN.files],
];

for (const [what, reached, onePort, api, files] of SEEN) {
  test(`a page that was reached by ${what} names the other services beside it`, (t) => {
    t.like(addressesFor(reached, OWN, onePort), { api, files });
  });
}
