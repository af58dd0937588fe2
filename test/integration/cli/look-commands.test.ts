import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { agentHome } from '../../support/agent-process.js';
import { type SmallApiOptions, startSmallApiServer } from '../../support/small-api-server.js';
import { troubleshootingLine } from '../../support/troubleshooting.js';

const SCRIPT = path.resolve(import.meta.dirname, '../../../bin/agent.js');
const QUEUE = { id: 'a'.repeat(32), name: 'default', tags: [] };
const ANSWERS = {
  'debug.ping': { msg: 'pong' },
  'queues.get_default': { id: QUEUE.id, name: 'default' },
  'queues.get_all': { queues: [QUEUE] },
  'workers.get_all': {
    workers: [
      {
        id: 'box:gpu0',
        ip: '10.0.0.7',
        queues: [{ id: QUEUE.id, name: 'default' }],
        task: { id: 't1', name: 'train it' },
        last_activity_time: new Date(Date.now() - 5000).toISOString(),
        tags: ['a', 'b'],
      },
      { id: 'abc:0' },
    ],
  },
};

async function configured(t: ExecutionContext, options: Partial<SmallApiOptions> = {}, more = '') {
  const server = await startSmallApiServer({
    accessKey: 'AK',
    secretKey: 'SK',
    answers: ANSWERS,
    ...options,
  });
  const home = await agentHome({ NO_COLOR: '1' });
  t.teardown(async () => {
    await server.close();
    await rm(home.folder, { recursive: true, force: true });
  });
  const file = path.join(home.folder, 'clearml.conf');
  await writeFile(
    file,
    `api { api_server: "${server.url}", credentials { access_key: AK, secret_key: SK } }\n${more}`,
  );
  await chmod(file, 0o600);
  return {
    server,
    home,
    file,
    agent: async (...words: string[]) => {
      const child = spawn(process.execPath, [SCRIPT, ...words], { cwd: home.folder, env: home.env });
      const shown = { out: '', err: '' };
      child.stdout.on('data', (data) => (shown.out += String(data)));
      child.stderr.on('data', (data) => (shown.err += String(data)));
      child.stdin.end();
      const [status] = await once(child, 'close');
      return { ...shown, status };
    },
  };
}

interface Result {
  check: string;
  state: string;
  text: string;
  fix?: string;
}

async function findings(out: string, check: string): Promise<Result[]> {
  const { results }: { results: Result[] } = JSON.parse(out);
  return results.filter((result) => result.check === check);
}

test('list: a table, or the answer as JSON', async (t) => {
  const { agent } = await configured(t);
  const table = await agent('list');
  t.is(table.status, 0, table.err);
  const [heading, first, second] = table.out.split('\n');
  t.regex(heading ?? '', /^WORKER +TASK +QUEUES +LAST REPORT +ADDRESS +TAGS$/);
  t.regex(first ?? '', /^abc:0 +- +- +- +-$/);
  t.regex(second ?? '', /^box:gpu0 +train it \(t1\) +default +\d+ s ago +10\.0\.0\.7 +a, b$/);
  const json = await agent('list', '--json');
  t.deepEqual(JSON.parse(json.out), ANSWERS['workers.get_all']);
});

test('list: a server that is away is one line and a status', async (t) => {
  const { agent, server } = await configured(t);
  await server.close();
  const { status, err } = await agent('list');
  t.is(status, 1);
  const cause = err.split('\n')[0]?.replace('clearml_agent: ERROR: ', '') ?? '';
  t.regex(cause, troubleshootingLine('server-unreachable', { address: server.url }));
});

test('daemon --status: the schedule, what is forced, and the queues; mistakes beside them', async (t) => {
  const properties = [{ key: 'force', value: 'on' }];
  const { agent } = await configured(t, {
    answers: { ...ANSWERS, 'workers.get_runtime_properties': { runtime_properties: properties } },
  });
  const { out, err, status } = await agent('daemon', '--status', '--uptime', '17-20,30 TUE', '9 SUN');
  t.is(status, 0, err);
  t.deepEqual(out.split('\n').slice(0, -1), [
    'Working hours uptime configurations',
    '  - 17:00-19:59 on TUE',
    '  - 9:00-23:59 on SUN',
    'Currently forced ON',
    "  - Server runtime property 'force: on'",
    "  - Listening to queue 'default'",
  ]);
  t.regex(err, /WARNING --uptime "17-20,30 TUE": "30" is left out/);
});

test('doctor: a machine that is fine', async (t) => {
  const { agent, server, file } = await configured(t);
  const { out, status } = await agent('doctor', '--json');
  const one = async (check: string) =>
    (await findings(out, check)).map(({ state, text }) => `${state}: ${text}`);
  t.deepEqual(await one('configuration'), [`ok: ${file}`]);
  t.deepEqual(await one('file-modes'), [`ok: ${file} is private (mode 600)`]);
  t.regex((await one('server'))[0] ?? '', /^ok: http:\/\/127.* answers in \d+ ms$/);
  t.regex((await one('server'))[1] ?? '', /^ok: clocks agree/);
  t.deepEqual(await one('credentials'), ['ok: accepted for Someone (server 2.2.0, API 2.34)']);
  t.deepEqual(await one('queues'), [`ok: default queue: default (${QUEUE.id})`]);
  t.regex((await one('git'))[0] ?? '', /^ok: git \d/);
  t.deepEqual(await one('proxy'), [`ok: none for ${new URL(server.url).host}`]);
  t.is(JSON.parse(out).ok, status === 0);
});

test('doctor: what is wrong, and what to do', async (t) => {
  const { agent, file } = await configured(t, { clockAhead: 400 }, 'agent { git_user: me }\n');
  await chmod(file, 0o644);
  const { out, status } = await agent('doctor', '--json', '--queue', 'missing');
  t.is(status, 1);
  t.like((await findings(out, 'file-modes'))[0], {
    state: 'warning',
    fix: `It holds secrets: chmod 600 ${file}`,
  });
  const skew = (await findings(out, 'server'))[1];
  t.is(skew?.state, 'problem');
  t.regex(skew?.text ?? '', troubleshootingLine('clocks-differ'));
  t.regex(skew?.text ?? '', /by (399|400|401) s$/);
  t.regex((await findings(out, 'queues'))[0]?.text ?? '', /missing/);
  t.like((await findings(out, 'git'))[1], {
    state: 'problem',
    text: 'agent.git_user is set and agent.git_pass is not',
  });
});

test('doctor: refused credentials', async (t) => {
  const { agent } = await configured(t, { secretKey: 'another' });
  const { out } = await agent('doctor', '--json');
  t.like((await findings(out, 'credentials'))[0], { state: 'problem' });
  t.regex((await findings(out, 'credentials'))[0]?.text ?? '', /refuses access key AK/);
});

test('doctor: a repository is tried with git', async (t) => {
  const { agent, home } = await configured(t);
  const folder = path.join(home.folder, 'code');
  await mkdir(folder);
  await new Promise((resolve) => execFile('git', ['init', '-q', folder], resolve));
  const good = await agent('doctor', '--json', '--repository', folder);
  t.deepEqual((await findings(good.out, 'git')).at(-1)?.text, `${folder} can be read`);
  const bad = await agent('doctor', '--json', '--repository', path.join(home.folder, 'nowhere'));
  t.is((await findings(bad.out, 'git')).at(-1)?.state, 'problem');
});

test('doctor: without a configuration it says so once', async (t) => {
  const { agent, file } = await configured(t);
  await rm(file);
  const { out, status } = await agent('doctor');
  t.is(status, 1);
  t.is(out.match(/not configured|is not set/g)?.length, 1, out);
});

test('a reader of the output that has gone is no error', async (t) => {
  const home = await agentHome();
  for (const words of [['--help'], ['config'], ['daemon', '--help']]) {
    const child = spawn(process.execPath, [SCRIPT, ...words], {
      env: home.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.destroy();
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (piece: string) => {
      said += piece;
    });
    const [code] = await once(child, 'close');
    t.is(code, 0, said);
    t.notRegex(said, /EPIPE|^\s+at /m);
  }
});
