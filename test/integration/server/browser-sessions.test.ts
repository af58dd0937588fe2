import http from 'node:http';
import test from 'ava';
import { basic, bearer, configuredServer } from '../../support/configured-server.js';

const USERS =
  'auth.fixed_users { enabled: true, users: [{ username: "jane", password: "12345678", name: "Jane" }] }';

/** The status of a request with these headers, `host` among them; fetch would not send it. */
function status(url: string, headers: Record<string, string>, method = 'POST'): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method, headers, agent: false }, (response) => {
      response.resume();
      response.once('end', () => resolve(response.statusCode));
    });
    request.once('error', reject);
    request.end(method === 'POST' ? '{}' : undefined);
  });
}

test('a log-in sets the cookie that the configuration describes, and a log-out ends it', async (t) => {
  const { send } = await configuredServer(t, {
    'apiserver.conf': `${USERS}
auth.cookies { httponly: true, secure: true, domain: ".clearml.example.com", max_age: 99999999999, samesite: Strict }`,
  });
  const { headers, data } = await send('auth.login', { authorization: basic('jane', '12345678') });
  t.is(
    headers.get('set-cookie'),
    `clearml_token_basic=${data.token}; Path=/; Max-Age=99999999999; SameSite=Strict; Domain=.clearml.example.com; HttpOnly; Secure`,
  );
  const cookie = { cookie: `other=1; clearml_token_basic=${data.token}` };
  const page = { ...cookie, origin: 'https://app.clearml.example.com' };
  const { code, headers: answered } = await send('users.get_current_user', page);
  t.is(code, '200/0');
  t.is(answered.get('access-control-allow-origin'), page.origin);
  t.is(answered.get('access-control-allow-credentials'), 'true');
  const ended = await send('auth.logout', page);
  t.regex(ended.headers.get('set-cookie') ?? '', /^clearml_token_basic=; Path=\/; Max-Age=0;/);
  t.is((await send('users.get_current_user', page)).code, '401/30');
});

test('the cookie of a session counts for pages of this server only', async (t) => {
  const { server, token } = await configuredServer(t, {
    'apiserver.conf': `${USERS}\ncors.origins: ["https://partner.example.com"]`,
  });
  const cookie = `clearml_token_basic=${await token(basic('jane', '12345678'))}`;
  const { host, hostname, port } = new URL(server.url);
  const url = `${server.url}/users.get_current_user`;
  const file = `${server.filesUrl}/there-is-none`;
  const browser = { 'user-agent': 'Mozilla/5.0', cookie };
  const cases: [target: string, method: string, headers: Record<string, string>, expected: number][] = [
    [url, 'POST', { origin: server.url }, 200],
    [url, 'POST', { origin: server.webUrl }, 200],
    [url, 'POST', { origin: 'https://partner.example.com' }, 200],
    [url, 'POST', { origin: `http://${hostname}:${Number(port) + 2000}` }, 403],
    [url, 'POST', { origin: 'https://evil.example.com' }, 403],
    [url, 'POST', { origin: 'null' }, 403],
    [url, 'GET', { 'sec-fetch-site': 'same-origin' }, 200],
    [url, 'GET', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }, 403],
    [url, 'GET', { 'sec-fetch-site': 'same-site' }, 403],
    [url, 'GET', { 'sec-fetch-site': 'none' }, 403],
    [url, 'GET', {}, 403],
    [file, 'GET', { 'sec-fetch-site': 'same-site' }, 404],
    [file, 'GET', { 'sec-fetch-site': 'cross-site' }, 403],
    [file, 'DELETE', { origin: 'https://evil.example.com' }, 403],
  ];
  for (const [target, method, headers, expected] of cases)
    t.is(
      await status(target, { ...browser, ...headers }, method),
      expected,
      JSON.stringify([method, headers]),
    );
  // A script that holds the cookie is no page.
  t.is(await status(url, { cookie, host }, 'GET'), 200);
});

test('a page of another site may ask with keys of its own, and reads the answer', async (t) => {
  const { send, token } = await configuredServer(t, { 'apiserver.conf': USERS });
  const authorization = bearer(await token(basic('jane', '12345678')));
  const { code, headers } = await send('users.get_current_user', {
    authorization,
    origin: 'https://notebook.example.com',
  });
  t.is(code, '200/0');
  t.is(headers.get('access-control-allow-origin'), '*');
  t.is(headers.get('access-control-allow-credentials'), null);
});

test('browsers reach the server by its own names, programs by any', async (t) => {
  const { server, token } = await configuredServer(t, {
    'apiserver.conf': `${USERS}\nallowed_hosts: ["clearml.lan", ".example.com"]`,
  });
  const authorization = bearer(await token(basic('jane', '12345678')));
  const url = `${server.url}/users.get_current_user`;
  const { port } = new URL(server.url);
  const browser = { authorization, 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64)' };
  const hosts: Record<string, number> = {
    [`127.0.0.1:${port}`]: 200,
    [`localhost:${port}`]: 200,
    [`[::1]:${port}`]: 200,
    'clearml.lan': 200,
    'api.example.com': 200,
    'rebound.evil.net': 403,
    'clearml.lan.evil.net': 403,
  };
  for (const [host, expected] of Object.entries(hosts))
    t.is(await status(url, { ...browser, host }), expected, host);
  t.is(await status(`${server.filesUrl}/x`, { ...browser, host: 'rebound.evil.net' }, 'GET'), 403);
  t.is(await status(url, { authorization, host: 'rebound.evil.net' }), 200);
});
