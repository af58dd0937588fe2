import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { agentHome } from '../../support/agent-process.js';

const SCRIPT = path.resolve(import.meta.dirname, '../../../bin/agent.js');

async function user(t: ExecutionContext, text: string) {
  const home = await agentHome({ CLEARML_AGENT_GIT_USER: 'from-variable' });
  t.teardown(() => rm(home.folder, { recursive: true, force: true }));
  const file = path.join(home.folder, 'clearml.conf');
  await writeFile(file, text, { mode: 0o600 });
  return {
    home,
    file,
    agent: async (...words: string[]) => {
      const child = spawn(process.execPath, [SCRIPT, ...words], { cwd: home.folder, env: home.env });
      const shown = { out: '', err: '' };
      child.stdout.on('data', (data) => (shown.out += String(data)));
      child.stderr.on('data', (data) => (shown.err += String(data)));
      const [status] = await once(child, 'close');
      return { ...shown, status };
    },
  };
}

const TEXT = 'agent {\n  git_user: file\n  git_pass: "hush-hush"\n  git_fetch_args: ["--all"]\n}\n';

test('config: everything, secrets masked, in the original’s form', async (t) => {
  const { agent, file } = await user(t, TEXT);
  const { out, status, err } = await agent('config');
  t.is(status, 0, err);
  t.regex(out, new RegExp(`^Current configuration \\(clearml_agent v\\S+, location: ${file}\\):\n-+\n`));
  t.true(out.includes('agent.git_fetch_args.0 = --all\n'));
  t.true(out.includes('agent.git_pass = ****\n'));
  t.false(out.includes('hush-hush'));
  const sources = await agent('config', '--sources');
  t.true(
    sources.out.includes(
      `agent.git_user = from-variable  # variable CLEARML_AGENT_GIT_USER, over ${file}:2 (file)\n`,
    ),
    sources.out.split('\n').find((line) => line.startsWith('agent.git_user')),
  );
  const json = JSON.parse((await agent('config', '--json', '--sources')).out) as {
    key: string;
    overrode: string[];
  }[];
  t.deepEqual(json.find(({ key }) => key === 'agent.git_user')?.overrode, [`${file}:2`]);
  t.is(JSON.parse((await agent('config', '--json')).out).agent.git_pass, '****');
});

test('config: secrets in container arguments are hidden, and standard error lists the mistakes', async (t) => {
  const { agent } = await user(
    t,
    `agent {
      extra_docker_arguments: ["-e", "MY_TOKEN=hush-1", "-eDB_PASSWORD=hush-2", "--env=PLAIN=seen", "http://u:hush-3@h/"]
      default_docker { image: "ubuntu -e API_KEY=hush-4", arguments: "--ipc=host -e CLEARML_AGENT_GIT_PASS=hush-5" }
      wroker_name: x
      venvs_cache { max_entries: many }
    }`,
  );
  const { out, err, status } = await agent('config');
  t.is(status, 0);
  t.notRegex(out, /hush/);
  t.true(out.includes('agent.extra_docker_arguments.3 = --env\\=PLAIN\\=seen\n'), out);
  t.true(out.includes('agent.default_docker.image = ubuntu -e API_KEY\\=********\n'), out);
  t.regex(
    err,
    /^warning: \S+clearml\.conf:4: unknown key agent\.wroker_name; did you mean agent\.worker_name\?$/m,
  );
  t.regex(err, /^error: \S+clearml\.conf:5: agent\.venvs_cache\.max_entries: expected a whole number/m);
  t.is((await agent('config', 'get', 'agent.default_docker.image')).out, 'ubuntu -e API_KEY=********\n');
});

test('config: the worker name is the host name unless the configuration sets another', async (t) => {
  const { agent, home } = await user(t, TEXT);
  home.env.CLEARML_WORKER_NAME = '';
  t.true((await agent('config')).out.includes(`agent.worker_name = ${hostname()}\n`));
  home.env.CLEARML_WORKER_NAME = 'chosen';
  t.is((await agent('config', 'get', 'agent.worker_name')).out, 'chosen\n');
});

test('config: the files that are read are named on request', async (t) => {
  const { agent, home, file } = await user(t, TEXT);
  home.env.CLEARML_AGENT_CONFIG_VERBOSE = '1';
  home.env.CLEARML_CONFIG_PATH = path.join(home.folder, 'site');
  const site = path.join(home.folder, 'site', 'default', 'agent.conf');
  await mkdir(path.dirname(site), { recursive: true });
  await writeFile(site, 'worker_name: site\n', { mode: 0o600 });
  const { out, err } = await agent('config', 'get', 'agent.git_fetch_args');
  t.is(out, '["--all"]\n');
  t.is(err, `configuration read from ${site}\nconfiguration read from ${file}\n`);
});

test('config get: a value, a secret, one that is not set, one that there is not', async (t) => {
  const { agent } = await user(t, TEXT);
  t.deepEqual(await agent('config', 'get', 'agent.git_user'), { out: 'from-variable\n', err: '', status: 0 });
  t.is((await agent('config', 'get', 'agent.git_fetch_args')).out, '["--all"]\n');
  t.is((await agent('config', 'get', 'agent.git_pass')).out, '****\n');
  t.is((await agent('config', 'get', 'agent.resource_monitoring.default_gpu_utilization')).out, '100\n');
  t.deepEqual(await agent('config', 'get', 'agent.git_host'), {
    out: '',
    err: 'agent.git_host is not set\n',
    status: 1,
  });
  const unknown = await agent('config', 'get', 'agent.git_usr');
  t.is(unknown.status, 2);
  t.regex(unknown.err, /no key "agent\.git_usr"\n.*agent\.git_user/);
});

test('config validate: the exit status says it', async (t) => {
  const { agent, file, home } = await user(t, TEXT);
  t.deepEqual(await agent('config', 'validate'), { out: `${file} is valid\n`, err: '', status: 0 });
  const other = path.join(home.folder, 'other.conf');
  await writeFile(other, 'agent {\n  git_usr: x\n  venvs_cache { max_entries: many }\n}\n');
  const wrong = await agent('config', 'validate', other);
  t.is(wrong.status, 2);
  t.regex(wrong.out, /warning: .*other\.conf:2: unknown key agent\.git_usr; did you mean agent\.git_user\?/);
  t.regex(wrong.out, /error: .*other\.conf:3: agent\.venvs_cache\.max_entries: expected/);
  t.is(JSON.parse((await agent('config', 'validate', other, '--json')).out).ok, false);
  await writeFile(other, 'agent {\n  git_user: "open\n}\n');
  const broken = await agent('config', 'validate', other);
  t.is(broken.status, 2);
  t.regex(broken.err, /other\.conf/);
  await mkdir(path.join(home.folder, 'folder'));
  t.is((await agent('config', 'validate', path.join(home.folder, 'folder'))).status, 2);
  t.is((await agent('config', 'show')).status, 2);
  const missing = path.join(home.folder, 'missing.conf');
  const gone = await agent('config', 'validate', missing);
  t.is(gone.status, 2);
  t.regex(
    gone.err,
    /ERROR: config validate: expected a configuration file, found nothing at .*missing\.conf\n/,
  );
  t.regex(
    (await agent('--config-file', missing, 'list')).err,
    /ERROR: --config-file: expected a configuration/,
  );
});
