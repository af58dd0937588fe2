import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import test, { type ExecutionContext } from 'ava';
import { startServer } from '../../../src/server/server.js';
import { basic, configurationFolder } from '../../support/configured-server.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const PROGRAM = path.resolve(import.meta.dirname, '../../../bin/agent.js');

interface Ended {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** `agent server …` to its end, with this input. */
async function server(
  words: readonly string[],
  env: Record<string, string> = {},
  input = '',
): Promise<Ended> {
  const child = spawn(process.execPath, [PROGRAM, 'server', ...words], {
    env: { PATH: process.env.PATH, HOME: '/nonexistent', ...env },
  });
  const ended = { status: null, stdout: '', stderr: '' };
  child.stdout.on('data', (piece) => (ended.stdout += piece));
  child.stderr.on('data', (piece) => (ended.stderr += piece));
  child.stdin.end(input);
  const [status] = await once(child, 'close');
  return { ...ended, status };
}

/** A server as the command starts it, on free ports; answers its address. */
async function running(t: ExecutionContext, folder: string, env: Record<string, string>): Promise<string> {
  const child = spawn(process.execPath, [PROGRAM, 'server', '--folder', folder, '--port', '0'], {
    env: { PATH: process.env.PATH, HOME: '/nonexistent', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  for await (const line of createInterface({ input: child.stdout })) {
    const [, url] = /ClearML-compatible server on (\S+),/.exec(line) ?? [];
    if (url === undefined) continue;
    child.stdout.resume();
    return url;
  }
  throw new Error('the server ended');
}

async function login(url: string, name: string, secret: string): Promise<number> {
  const headers = { authorization: basic(name, secret) };
  return (await fetch(`${url}/auth.login`, { method: 'POST', headers })).status;
}

test('users and credentials are managed beside the running server', async (t) => {
  const folder = temporaryFolder(t);
  const files = {
    'apiserver.conf':
      'auth.fixed_users { enabled: true, users: [{ username: "jane", password: "12345678", name: "Jane" }] }',
  };
  const url = await running(t, folder, { CLEARML_CONFIG_DIR: configurationFolder(t, files) });
  const manage = (words: string, input = '') => server([...words.split(' '), '--folder', folder], {}, input);
  t.is(await login(url, 'jane', '12345678'), 200);

  t.like(await manage('users add john', 'geheim und lang\n'), { status: 0, stdout: 'Added the user john\n' });
  t.is(await login(url, 'john', 'geheim und lang'), 200);
  t.like(await manage('users add john', 'x\n'), { status: 2 });
  t.like(await manage('users add nina'), { status: 2 });
  const { users } = JSON.parse((await manage('users list --json')).stdout) as {
    users: { username?: string; role: string; configured: boolean }[];
  };
  const named = users.filter(({ username }) => username !== undefined);
  t.deepEqual(named.map(({ username, configured }) => [username, configured]).sort(), [
    ['jane', true],
    ['john', false],
  ]);

  const pair = JSON.parse((await manage('credentials add john --role agent --label box --json')).stdout) as {
    access_key: string;
    secret_key: string;
  };
  t.is(await login(url, pair.access_key, pair.secret_key), 200);
  const listed = await manage('credentials list john');
  t.true(listed.stdout.includes(pair.access_key));
  t.false(listed.stdout.includes(pair.secret_key));
  t.like(await manage(`credentials revoke ${pair.access_key}`), { status: 0 });
  t.is(await login(url, pair.access_key, pair.secret_key), 401);
  t.like(await manage(`credentials revoke ${pair.access_key}`), { status: 2 });

  t.like(await manage('users password john', 'another one\n'), { status: 0 });
  t.is(await login(url, 'john', 'another one'), 200);
  t.like(await manage('users remove john'), { status: 0 });
  t.is(await login(url, 'john', 'another one'), 401);
  const kept = await manage('users remove jane');
  t.is(kept.status, 2);
  t.regex(kept.stderr, /the configuration has this user/);
});

test('users are managed without the server, but only in a folder that a server has used', async (t) => {
  const folder = temporaryFolder(t);
  const manage = (words: string, input = '') => server([...words.split(' '), '--folder', folder], {}, input);
  const refused = await manage('users add ann', 'a password\n');
  t.is(refused.status, 2);
  t.regex(refused.stderr, /expected the data of a server in .*, found none/);
  await (await startServer({ folder })).close();
  t.like(await manage('users add ann --admin', 'a password\n'), { status: 0 });
  t.regex((await manage('users list')).stdout, /^ann +ann +admin +server +0 /m);
  t.regex((await manage('users remove nobody')).stderr, /there is no user "nobody"/);
});

test('the sources of the configuration are shown without secrets, and a wrong key ends the start', async (t) => {
  const files = {
    'apiserver.conf': 'listen.port: 9000\nmongo.strict: true',
    'secure.conf': 'credentials.apps { user_key: "K", user_secret: "do-not-print", role: "admin" }',
  };
  const CLEARML_CONFIG_DIR = configurationFolder(t, files);
  const shown = await server(['--config-sources', '--port', '9001'], {
    CLEARML_CONFIG_DIR,
    CLEARML__APISERVER__AUTH__COOKIES__SECURE: 'true',
  });
  t.is(shown.status, 0);
  const file = path.join(CLEARML_CONFIG_DIR, 'apiserver.conf');
  t.true(shown.stdout.includes(`apiserver.listen.port = 9001  # flag --port, over ${file}:1\n`));
  t.true(
    shown.stdout.includes(
      'apiserver.auth.cookies.secure = true  # variable CLEARML__APISERVER__AUTH__COOKIES__SECURE\n',
    ),
  );
  t.true(shown.stdout.includes('apiserver.auth.cookies.httponly = true  # default\n'));
  t.true(shown.stdout.includes(`# apiserver.mongo (${file}:2) without effect: `));
  t.false(shown.stdout.includes('do-not-print'));

  const wrong = configurationFolder(t, {
    'apiserver.conf': 'auth {\n  fixed_user { }\n  coookies.secure: true\n}',
  });
  const refused = await server(['--folder', temporaryFolder(t)], { CLEARML_CONFIG_DIR: wrong });
  t.is(refused.status, 2);
  t.regex(refused.stderr, /apiserver\.conf:\d: unknown key apiserver\.auth\.\w+; did you mean /);
});

test('the sources of a configuration with which no server starts end with the cause', async (t) => {
  const wrong: readonly [file: string, text: string, cause: RegExp][] = [
    ['apiserver.conf', 'listen.port: 70000', /:1: apiserver\.listen\.port: expected a port of at most 65535/],
    [
      'apiserver.conf',
      'auth.fixed_users { enabled: true, users: [{ username: "jane" }] }',
      /users\.0\.password/,
    ],
    ['secure.conf', 'credentials.apps { user_key: "k", role: "admin" }', /expected user_key and user_secret/],
    ['secure.conf', 'auth.token_secret: "short"', /token_secret: expected 32 characters or more/],
    ['webserver.conf', 'path_prefix: "no slash"', /path_prefix: expected a path/],
  ];
  for (const [file, text, cause] of wrong) {
    const CLEARML_CONFIG_DIR = configurationFolder(t, { [file]: text });
    const shown = await server(['--config-sources'], { CLEARML_CONFIG_DIR });
    t.is(shown.status, 2, text);
    t.regex(shown.stderr, cause);
    t.true(shown.stdout.includes('apiserver.listen.ip = "127.0.0.1"  # default\n'));
  }
});

test('a log file that cannot be written ends the start, and the folder stays as it was', async (t) => {
  const folder = path.join(temporaryFolder(t), 'data');
  const place = temporaryFolder(t);
  const causes: readonly [file: string, cause: string][] = [
    [path.join(place, 'none/server.log'), `there is no folder ${place}/none`],
    [place, 'it is a folder'],
  ];
  for (const [file, cause] of causes) {
    const refused = await server(['--folder', folder, '--log-file', file, '--port', '0']);
    t.is(refused.status, 2);
    t.true(
      refused.stderr.includes(
        `flag --log-file: logging.handlers.text_file.filename: cannot write ${file}: ${cause}\n`,
      ),
      refused.stderr,
    );
  }
  t.false(existsSync(folder));
});

test('vaults for everybody and for one user are managed beside the running server', async (t) => {
  const folder = temporaryFolder(t);
  const url = await running(t, folder, {});
  const manage = (words: string, input = '') => server([...words.split(' '), '--folder', folder], {}, input);
  await manage('users add jane', 'a password\n');
  const file = path.join(temporaryFolder(t), 'team.conf');
  writeFileSync(file, 'sdk.development.tags: [team]\n');
  const added = async (words: string) =>
    (JSON.parse((await manage(`vaults add ${file} --json ${words}`)).stdout) as { id: string }).id;
  const [shared, own] = [await added('--label team'), await added('--user jane')];

  const { access_key, secret_key } = JSON.parse((await manage('credentials add jane --json')).stdout) as {
    access_key: string;
    secret_key: string;
  };
  const headers = { authorization: basic(access_key, secret_key) };
  const seen = async () => {
    const answer = await fetch(`${url}/users.get_vaults`, { method: 'POST', headers });
    const { data } = (await answer.json()) as { data: { vaults: { id: string; data: string }[] } };
    return data.vaults.map(({ id }) => id);
  };
  t.deepEqual(await seen(), [shared, own]);
  t.regex((await manage('vaults')).stdout, new RegExp(`^${shared} +everybody +yes +team\\s*$`, 'm'));
  t.false((await manage('vaults list')).stdout.includes(own));
  t.false((await manage('vaults list --json --user jane')).stdout.includes('tags'));
  t.is((await manage(`vaults show ${own} --user jane`)).stdout, 'sdk.development.tags: [team]\n');
  t.like(await manage(`vaults remove ${own} --user jane`), { status: 0 });
  t.deepEqual(await seen(), [shared]);

  writeFileSync(file, 'sdk {\n  tags: [\n');
  for (const [words, cause] of [
    [`vaults add ${file}`, `${file}:3:1: `],
    [`vaults add ${folder}/none.conf`, `cannot read ${folder}/none.conf: there is no such file\n`],
    ['vaults remove nothing', 'there is no vault "nothing"'],
    ['vaults add', 'server vaults add takes a file'],
    ['vaults drop x', 'server vaults takes list, add, show or remove, got "drop"'],
    ['vaults list --user nobody', 'there is no user "nobody"'],
    ['users list --user jane', '--user is for server vaults'],
  ] as const) {
    const refused = await manage(words);
    t.is(refused.status, 2, words);
    t.true(refused.stderr.includes(cause), refused.stderr);
  }
});
