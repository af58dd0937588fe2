import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { serverConfText } from '../../../src/server/server.js';
import { PLAN_FILE, RUNNER_FILE, type RunnerPlan, runnerText } from '../../../src/task/image/image-runner.js';
import { serverUnderTest } from '../../support/embedded-server.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { until } from '../../support/until.js';

interface Started {
  child: ChildProcess;
  output(): string;
  ended: Promise<number | null>;
}

interface View {
  status: string;
  status_reason: string;
  name: string;
}

/** A server with a task, and the runner of an image as its container would start it. */
async function imageOf(t: ExecutionContext) {
  const server = await serverUnderTest(t);
  const folder = temporaryFolder(t);
  const { accessKey, secretKey } = server.server.credentials;
  const { id } = await server.call<{ id: string }>('tasks.create', { name: 'a task', type: 'training' });
  const access = {
    CLEARML_API_HOST: server.server.url,
    CLEARML_API_ACCESS_KEY: accessKey,
    CLEARML_API_SECRET_KEY: secretKey,
  };
  writeFileSync(path.join(folder, RUNNER_FILE), runnerText());
  return {
    ...server,
    id,
    folder,
    access,
    start: (code: string, plan: Partial<RunnerPlan> = {}, env: Record<string, string> = access): Started => {
      const whole: RunnerPlan = {
        task: id,
        clone: false,
        argv: ['python3', '-u', '-c', code],
        cwd: folder,
        env: { FROM_PLAN: 'yes' },
        ...plan,
      };
      writeFileSync(path.join(folder, PLAN_FILE), JSON.stringify(whole));
      const child = spawn('python3', [path.join(folder, RUNNER_FILE), 'last word'], {
        env: { PATH: process.env.PATH, HOME: folder, ...env },
      });
      t.teardown(() => child.kill('SIGKILL'));
      const pieces: string[] = [];
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (data) => pieces.push(String(data)));
      return { child, output: () => pieces.join(''), ended: once(child, 'close').then(([code]) => code) };
    },
    view: async (task: string) => (await server.call<{ task: View }>('tasks.get_by_id', { task })).task,
    console: async (task: string) => {
      const query = { task, order: 'asc', batch_size: 1000 };
      const { events } = await server.call<{ events: { msg: string }[] }>('events.get_task_log', query);
      return events.map(({ msg }) => msg).join('');
    },
  };
}

const SHOW = 'import os, sys; print(os.environ["CLEARML_TASK_ID"], os.environ["FROM_PLAN"], sys.argv[1])';

test('the task itself: started, console sent without the secret, completed', async (t) => {
  const { start, view, console: log, id, access } = await imageOf(t);
  const run = start(`${SHOW}\nprint("${access.CLEARML_API_SECRET_KEY}")`);
  t.is(await run.ended, 0, run.output());
  t.like(await view(id), { status: 'completed', status_reason: 'worker execution done' });
  t.is(await log(id), `${id} yes last word\n********\n`);
});

test('a clone, with a clearml.conf in the home folder', async (t) => {
  const { start, view, id, folder, server } = await imageOf(t);
  writeFileSync(path.join(folder, 'clearml.conf'), serverConfText(server));
  const run = start(SHOW, { clone: true }, {});
  t.is(await run.ended, 0, run.output());
  const clone = /running (\w+)/.exec(run.output())?.[1] ?? '';
  t.like(await view(clone), { status: 'completed', name: 'Clone of a task' });
  t.is((await view(id)).status, 'created');
});

const FILES: [title: string, text: (url: string, key: string, secret: string) => string][] = [
  [
    'JSON on one line',
    (url, key, secret) =>
      JSON.stringify({
        agent: {},
        api: { web_server: 'x', api_server: url, credentials: { access_key: key, secret_key: secret } },
      }),
  ],
  [
    'dotted keys and bare words',
    (url, key, secret) =>
      `# api { api_server: nowhere }\napi.api_server = ${url}\napi.credentials.access_key: ${key}\n` +
      `api.credentials { secret_key = \${THE_SECRET} }\n// ${secret}\n`,
  ],
];
for (const [title, text] of FILES) {
  test(`a clearml.conf of another form: ${title}`, async (t) => {
    const { start, view, id, folder, access } = await imageOf(t);
    const { CLEARML_API_ACCESS_KEY: key, CLEARML_API_SECRET_KEY: secret, CLEARML_API_HOST: url } = access;
    const file = path.join(folder, 'other.conf');
    writeFileSync(file, text(url, key, secret));
    const run = start('pass', {}, { CLEARML_CONFIG_FILE: file, THE_SECRET: secret });
    t.is(await run.ended, 0, run.output());
    t.is((await view(id)).status, 'completed');
  });
}

test('a task that fails, one killed by a signal, and one that cannot start', async (t) => {
  const { start, view, id } = await imageOf(t);
  const failing = start('import sys; sys.exit(3)');
  t.is(await failing.ended, 3, failing.output());
  t.like(await view(id), { status: 'failed', status_reason: 'worker execution exit code 3' });
  const killed = start('import os; os.kill(os.getpid(), 9)');
  t.is(await killed.ended, 137, killed.output());
  t.is((await view(id)).status_reason, 'worker execution exit code -9');
  const absent = start('', { argv: ['/no/such/program'] });
  t.is(await absent.ended, 1);
  t.regex((await view(id)).status_reason, /^cannot start the command: .*\/no\/such\/program/);
});

const WAIT = 'import time; print("up", flush=True); time.sleep(60)';

test('an abort on the server, and a stop of the container, end the task', async (t) => {
  t.timeout(60_000);
  const { start, view, id, call } = await imageOf(t);
  const aborted = start(WAIT);
  await until(() => aborted.output().includes('up'), { what: 'the task', context: aborted.output });
  await call('tasks.stop', { task: id });
  t.is(await aborted.ended, 143, aborted.output());
  t.is((await view(id)).status, 'stopped');
  const stopped = start(WAIT);
  await until(() => stopped.output().includes('up'), { what: 'the task', context: stopped.output });
  stopped.child.kill('SIGTERM');
  t.is(await stopped.ended, 143, stopped.output());
  t.like(await view(id), { status: 'stopped', status_reason: 'user abort' });
});

/** A server that refuses the first token at a look at the task, and says to the second that the task was stopped. */
async function forgetfulServer(t: ExecutionContext): Promise<string> {
  let logins = 0;
  const server = http.createServer((request, response) => {
    if (request.url === '/auth.login') logins += 1;
    const refused = request.url === '/tasks.get_all' && logins < 2;
    const data = { token: `token-${logins}`, tasks: [{ status: 'stopped' }] };
    response.writeHead(refused ? 401 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ meta: { result_msg: 'the token has expired' }, data }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('a silent task is ended from the server also when the token of its start has expired', async (t) => {
  t.timeout(60_000);
  const { start, access } = await imageOf(t);
  const run = start(WAIT, {}, { ...access, CLEARML_API_HOST: await forgetfulServer(t) });
  t.is(await run.ended, 143, run.output());
});

const REFUSALS: [title: string, env: Record<string, string>, cause: RegExp][] = [
  ['no credentials', {}, /ERROR: no server or no credentials: give CLEARML_API_HOST/],
  ['wrong credentials', { CLEARML_API_SECRET_KEY: 'wrong' }, /ERROR: http\S+ refused tasks\.started: .+/],
];
for (const [title, env, cause] of REFUSALS) {
  test(`${title}: one line says so, and the task is left alone`, async (t) => {
    const { start, view, id, access } = await imageOf(t);
    const run = start(SHOW, {}, Object.keys(env).length === 0 ? {} : { ...access, ...env });
    t.is(await run.ended, 1);
    t.regex(run.output(), cause);
    t.is(run.output().trim().split('\n').length, 1, run.output());
    t.is((await view(id)).status, 'created');
  });
}
