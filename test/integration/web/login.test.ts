import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { configuredServer } from '../../support/configured-server.js';
import { serverUnderTest } from '../../support/embedded-server.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { until } from '../../support/until.js';

const PROGRAM = path.resolve(import.meta.dirname, '../../../bin/agent.js');
const LINK = /(http:\S+)\/login#token=([\w-]{32})/;

interface LoggedIn {
  status: number;
  cookie: string;
  message: string;
}

/** Shows a token as the page does. */
async function redeem(page: string, token: string): Promise<LoggedIn> {
  const answer = await fetch(`${page}/api/auth.login_with_link`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: new URL(page).origin },
    body: JSON.stringify({ token }),
  });
  const { meta } = (await answer.json()) as { meta: { result_msg: string } };
  const [cookie = ''] = (answer.headers.get('set-cookie') ?? '').split(';');
  return { status: answer.status, cookie, message: meta.result_msg };
}

async function whoAmI(page: string, cookie: string): Promise<number> {
  const { origin } = new URL(page);
  const init = {
    method: 'POST',
    headers: { cookie, origin, 'content-type': 'application/json' },
    body: '{}',
  };
  return (await fetch(`${page}/api/users.get_current_user`, init)).status;
}

function tokenIn(address: string): string {
  return LINK.exec(address)?.[2] ?? '';
}

test('the token of the printed address logs in once', async (t) => {
  const { server } = await serverUnderTest(t);
  const address = server.pageAddress();
  t.true(address.startsWith(`${server.webUrl}/login#token=`), address);
  const first = await redeem(server.webUrl, tokenIn(address));
  t.is(first.status, 200);
  t.is(await whoAmI(server.webUrl, first.cookie), 200);
  const second = await redeem(server.webUrl, tokenIn(address));
  t.is(second.status, 401);
  t.is(second.cookie, '');
  t.regex(second.message, /an address logs in once.*"agent server link" prints a new one/);
});

test('a wrong token logs nobody in, and does not use up the right one', async (t) => {
  const { server } = await serverUnderTest(t);
  t.is((await redeem(server.webUrl, 'x'.repeat(32))).status, 401);
  const token = tokenIn(server.pageAddress());
  for (const wrong of ['', 'x', `${token}x`, token.toLowerCase(), 'x'.repeat(1e5)])
    t.is((await redeem(server.webUrl, wrong)).status, 401);
  t.is((await redeem(server.webUrl, token)).status, 200);
});

test('a newer address and a restart end the one before, and a session outlives the restart', async (t) => {
  const { server, folder } = await serverUnderTest(t);
  const [old, newer] = [tokenIn(server.pageAddress()), tokenIn(server.pageAddress())];
  t.is((await redeem(server.webUrl, old)).status, 401);
  const { cookie } = await redeem(server.webUrl, newer);
  const unused = tokenIn(server.pageAddress());
  await server.close();
  const { server: next } = await serverUnderTest(t, { folder });
  t.is((await redeem(next.webUrl, unused)).status, 401);
  t.is(await whoAmI(next.webUrl, cookie), 200);
});

test('with users that have passwords the printed address has no token', async (t) => {
  const { server } = await configuredServer(t, {
    'apiserver.conf':
      'auth.fixed_users { enabled: true, users: [{ username: "jane", password: "12345678", name: "Jane" }] }',
  });
  t.is(server.pageAddress(), server.webUrl);
});

test('a session ends with its log-out and with its time', async (t) => {
  const clock = { now: Date.now() };
  const { server } = await serverUnderTest(t, { now: () => clock.now });
  const login = async () => (await redeem(server.webUrl, tokenIn(server.pageAddress()))).cookie;
  const [left, kept] = [await login(), await login()];
  const init = { method: 'POST', headers: { cookie: left, origin: new URL(server.webUrl).origin } };
  await fetch(`${server.webUrl}/api/auth.logout`, init);
  t.is(await whoAmI(server.webUrl, left), 401);
  t.is(await whoAmI(server.webUrl, kept), 200);
  clock.now += 31 * 86_400_000;
  t.is(await whoAmI(server.webUrl, kept), 401);
});

test('no call over HTTP makes an address', async (t) => {
  const { refusal } = await serverUnderTest(t);
  t.is(await refusal('auth.new_login_link'), '404/0');
});

interface Started {
  child: ChildProcess;
  out: { text: string };
}

/** `agent server` on free ports; its programs for opening a browser are in `bin`. */
function start(t: ExecutionContext, folder: string, words: readonly string[], bin = ''): Started {
  const child = spawn(process.execPath, [PROGRAM, 'server', '--folder', folder, ...words], {
    env: { PATH: bin === '' ? process.env.PATH : bin, HOME: '/nonexistent' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  const out = { text: '' };
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (piece) => (out.text += piece));
  return { child, out };
}

test('the command prints the address, keeps its token out of the log, and prints another when asked', async (t) => {
  const folder = path.join(temporaryFolder(t), 'data');
  const log = path.join(folder, '..', 'server.log');
  const { out } = start(t, folder, ['--port', '0', '--log-file', log]);
  const [, page = '', token = ''] = await until(() => LINK.exec(out.text) ?? undefined, {
    what: 'the address',
    context: () => out.text,
  });
  await until(() => out.text.includes('listening:'), { what: 'the start' });
  t.is((await redeem(page, token)).status, 200);
  t.false(readFileSync(log, 'utf8').includes(token));
  const again = start(t, folder, ['link']);
  await once(again.child, 'close');
  const fresh = tokenIn(again.out.text);
  t.is((await redeem(page, fresh)).status, 200, again.out.text);
});

test('without a server there is no address', async (t) => {
  const { child, out } = start(t, temporaryFolder(t), ['link']);
  const [status] = await once(child, 'close');
  t.not(status, 0);
  t.regex(out.text, /expected a server that runs on .*, found none/);
});

test('a browser is opened with a file of its owner, so that the token is on no command line', async (t) => {
  const root = temporaryFolder(t);
  const [bin, folder, seen] = [path.join(root, 'bin'), path.join(root, 'data'), path.join(root, 'seen')];
  mkdirSync(bin);
  const opener = path.join(bin, 'xdg-open');
  writeFileSync(
    opener,
    `#!/bin/sh\nprintf '%s\\n' "$@" > '${seen}.part'\n/bin/mv '${seen}.part' '${seen}'\n`,
  );
  chmodSync(opener, 0o755);
  const { out } = start(t, folder, ['--port', '0', '--open'], bin);
  await until(() => existsSync(seen), { what: 'the browser', context: () => out.text });
  const words = readFileSync(seen, 'utf8');
  t.is(words, `${path.join(folder, 'open-page.html')}\n`);
  const file = words.trim();
  t.is(statSync(file).mode & 0o777, 0o600);
  const [, page = '', token = ''] = LINK.exec(readFileSync(file, 'utf8')) ?? [];
  t.is((await redeem(page, token)).status, 200);
});

test('a machine without a browser gets one line about it', async (t) => {
  const root = temporaryFolder(t);
  const { out } = start(t, path.join(root, 'data'), ['--port', '0', '--open'], path.join(root, 'none'));
  await until(() => out.text.includes('open the address yourself'), {
    what: 'the line',
    context: () => out.text,
  });
  t.regex(out.text, /--open: this machine has no program that opens a browser \(xdg-open\)/);
});
