import { once } from 'node:events';
import http from 'node:http';
import { text } from 'node:stream/consumers';
import test, { type ExecutionContext } from 'ava';
import { clientOf, type ServerUnderTest, serverUnderTest } from '../../support/embedded-server.js';
import { startNginx } from '../../support/nginx.js';

const FORWARDED = `
      proxy_set_header Host $host:$server_port;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Host $host:$server_port;`;

const PROXIES = ['127.0.0.1'];

interface Configuration {
  displayedServerUrls: { apiServer: string; filesServer: string };
}

/** The page and its scripts come by the address that a person opens. */
async function openPage(t: ExecutionContext, page: string): Promise<void> {
  const html = await (await fetch(`${page}/`)).text();
  const [, base] = /<base href="([^"]*)">/.exec(html) ?? [];
  const [, script] = /<script type="module"[^>]* src="([^"]*)"/.exec(html) ?? [];
  const address = new URL(script ?? '', new URL(base ?? '', `${page}/`)).href;
  t.true(address.startsWith(`${page}/assets/`), html);
  t.is((await fetch(address)).status, 200);
}

/** What agents and the SDK do, by the addresses that a page shows to a user. */
async function workThrough(t: ExecutionContext, page: string, { server }: ServerUnderTest): Promise<void> {
  const configuration = await (await fetch(`${page}/configuration.json`)).json();
  const { displayedServerUrls: shown } = configuration as Configuration;
  t.is(shown.apiServer, `${page}/api`);
  const { call } = clientOf({ url: shown.apiServer, credentials: server.credentials });
  const { id } = await call<{ id: string }>('v2.30/tasks.create', {
    name: 'through nginx',
    type: 'training',
  });
  t.like(await call('tasks.get_by_id', { task: id }), { task: { id } });
  const { accessKey, secretKey } = server.credentials;
  const headers = { authorization: `Basic ${Buffer.from(`${accessKey}:${secretKey}`).toString('base64')}` };
  const body = new FormData();
  body.append('files/é x', new Blob(['content']), 'x');
  t.is((await fetch(shown.filesServer, { method: 'POST', body, headers })).status, 200);
  const stored = await fetch(`${shown.filesServer}/files/%C3%A9%20x`, { headers });
  t.is(await stored.text(), 'content');
  t.is((await fetch(`${shown.filesServer}/`)).status, 405);
}

const location = (at: string, to: string) => `
    location ${at} {
      proxy_pass ${to};${FORWARDED}
    }`;

const PASSED_ON: [what: string, options: { onePort: boolean }, keepsPath: boolean][] = [
  ['three ports, path removed', { onePort: false }, false],
  ['three ports, path passed on', { onePort: false }, true],
  ['one port, path removed', { onePort: true }, false],
  ['one port, path passed on', { onePort: true }, true],
];

for (const [what, options, keepsPath] of PASSED_ON) {
  test.serial(`nginx has the server below a path: ${what}`, async (t) => {
    const under = await serverUnderTest(t, { ...options, pathPrefix: '/tools/ml', proxies: PROXIES });
    const { webUrl, url, filesUrl } = under.server;
    const rest = keepsPath ? '' : '/';
    const [api, files] = keepsPath && options.onePort ? [webUrl, webUrl] : [url, filesUrl];
    const port = await startNginx(
      t,
      (own) => `  server {
    listen 127.0.0.1:${own};
    location = / { return 204; }
    ${location('/tools/ml/', `${webUrl}${rest}`)}
    ${location('/tools/ml/api/', `${api}${rest}`)}
    ${location('/tools/ml/files/', `${files}${rest}`)}
    ${location('= /tools/ml/files', `${files}${rest}`)}
  }`,
    );
    const page = `http://127.0.0.1:${port}/tools/ml`;
    await openPage(t, page);
    await workThrough(t, page, under);
  });
}

test.serial('nginx has the services on sub-domains', async (t) => {
  const under = await serverUnderTest(t, { proxies: PROXIES });
  const { webUrl, url, filesUrl } = under.server;
  const block = (port: number, name: string, to: string) => `  server {
    listen 127.0.0.1:${port};
    server_name ${name}.localhost;
    ${location('/', to)}
  }`;
  const port = await startNginx(t, (own) =>
    [
      `  server { listen 127.0.0.1:${own} default_server; return 204; }`,
      block(own, 'app', webUrl),
      block(own, 'api', url),
      block(own, 'files', filesUrl),
    ].join('\n'),
  );
  // Not every resolver knows names below localhost.
  const ask = async (name: string, at: string) => {
    const request = http.get({
      host: '127.0.0.1',
      port,
      path: at,
      headers: { host: `${name}.localhost:${port}` },
    });
    const [answer] = (await once(request, 'response')) as [http.IncomingMessage];
    return { status: answer.statusCode, body: await text(answer) };
  };
  t.regex((await ask('app', '/')).body, /<base href="\/">/);
  const configuration: Configuration = JSON.parse((await ask('app', '/configuration.json')).body);
  t.like(configuration.displayedServerUrls, {
    apiServer: `http://api.localhost:${port}`,
    filesServer: `http://files.localhost:${port}`,
  });
  t.is((await ask('api', '/debug.ping')).status, 200);
  t.is((await ask('files', '/')).status, 405);
});
