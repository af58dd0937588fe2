import { chownSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';
import { type AgentUnderTest, agentUnderTest } from '../../support/agent-under-test.js';
import { composeService } from '../../support/compose-file.js';
import { type DockerEngine, sharedEngine } from '../../support/docker-engine.js';
import { freePorts } from '../../support/free-ports.js';
import { makeMachineImage } from '../../support/machine-image.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { until } from '../../support/until.js';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const SYSTEM = [
  'base-files',
  'coreutils',
  'dash',
  'findutils',
  'grep',
  'gzip',
  'hostname',
  'passwd',
  'sed',
  'tar',
];
/** What the Dockerfile installs where the base lacks it. */
const TOOLS = ['ca-certificates', 'git', 'openssh-client', 'python3', 'python3-venv', 'tini'];
const WORKER = 'services-in-a-container';

/** An image with all that the Dockerfile wants of its base, and with the Node of this machine. */
async function makeBase(engine: DockerEngine): Promise<void> {
  const owner = await execa('dpkg', ['-S', process.execPath], { reject: false });
  const node = owner.exitCode === 0 ? (owner.stdout.split(':')[0] ?? '') : 'libstdc++6';
  await makeMachineImage(engine, 'base:1', {
    packages: [...SYSTEM, ...TOOLS, node],
    files: [process.execPath],
    changes: [`ENV PATH=${path.dirname(process.execPath)}:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`],
  });
}

/**
 * Builds the Dockerfile. Its first stage installs packages and compiles, as was done here already: the outcome of
 * that is taken in its place.
 */
async function buildImage(engine: DockerEngine): Promise<void> {
  const context = path.join(engine.folder, 'context');
  const dockerfile = readFileSync(path.join(ROOT, 'Dockerfile'), 'utf8');
  const shortened = dockerfile.replace(
    /(FROM \S+ AS build\n)[\s\S]*?(\nFROM )/,
    '$1WORKDIR /build\nCOPY . .\n$2',
  );
  if (shortened === dockerfile) throw new Error('the Dockerfile has no stage "build" before another');
  mkdirSync(context);
  writeFileSync(path.join(context, 'Dockerfile'), shortened);
  const files = ['bin', 'dist', 'LICENSE', 'package.json', ...installedForUse()];
  const { stdout } = await execa('tar', ['-c', '-C', context, 'Dockerfile', '-C', ROOT, ...files], {
    encoding: 'buffer',
    maxBuffer: 512 * 1024 * 1024,
  });
  await engine.docker(['build', '--build-arg', 'BASE=base:1', '--tag', 'agent:1', '-'], { input: stdout });
}

/** Folders of the packages that the program needs to run; those inside of others come along. */
function installedForUse(): string[] {
  const lock = JSON.parse(readFileSync(path.join(ROOT, 'package-lock.json'), 'utf8'));
  const entries = Object.entries<{ dev?: boolean; devOptional?: boolean }>(lock.packages);
  return entries
    .filter(
      ([folder, { dev, devOptional }]) =>
        /^node_modules\/(@[^/]+\/)?[^/]+$/.test(folder) && !dev && !devOptional,
    )
    .map(([folder]) => folder)
    .filter((folder) => existsSync(path.join(ROOT, folder)));
}

interface Bench {
  engine: DockerEngine;
  server: AgentUnderTest;
  /** The folder of the machine that is the agent's. */
  folder: string;
  /** Of the agent's metrics, since all containers are in the machine's network. */
  port: number;
}

const engineFor = sharedEngine(
  test,
  async (engine) => {
    await makeBase(engine);
    await buildImage(engine);
  },
  240_000,
);

async function bench(t: ExecutionContext): Promise<Bench> {
  const engine = await engineFor(t);
  const server = await agentUnderTest(t);
  const folder = path.join(temporaryFolder(t), 'agent');
  mkdirSync(path.join(folder, 'go'), { recursive: true });
  const [port = 0] = await freePorts(1);
  return { engine, server, folder, port };
}

/** Starts the image as a compose file does. */
async function startAgentContainer({ engine, server, folder, port }: Bench, name: string): Promise<void> {
  const { url, filesUrl, credentials } = server.server;
  const variables = {
    CLEARML_API_HOST: url,
    CLEARML_FILES_HOST: filesUrl,
    CLEARML_API_ACCESS_KEY: credentials.accessKey,
    CLEARML_API_SECRET_KEY: credentials.secretKey,
    CLEARML_WORKER_ID: WORKER,
    CLEARML_AGENT_DEFAULT_BASE_DOCKER: 'base:1',
    CLEARML_AGENT_EXTRA_DOCKER_ARGS: `-v ${folder}/go:/go`,
    CLEARML_AGENT_EXTRA_DOCKER_LABELS: 'kind=service',
    CLEARML_AGENT_SKIP_PYTHON_ENV_INSTALL: '1',
    CLEARML_AGENT_DOCKER_HOST_MOUNT: `${folder}:/root/.clearml`,
    CLEARML_AGENT__AGENT__METRICS__PORT: String(port),
  };
  const mounts = ['-v', `${engine.socket}:/var/run/docker.sock`, '-v', `${folder}:/root/.clearml`];
  const environment = Object.entries(variables).flatMap(([key, value]) => ['-e', `${key}=${value}`]);
  const settings = ['--user=root', '--network=host', '--stop-signal=SIGUSR2', '--name', name];
  await engine.docker(['run', '--detach', ...settings, ...mounts, ...environment, 'agent:1']);
}

/** The queue that a services agent makes. */
async function servicesQueue({ call }: AgentUnderTest): Promise<string> {
  const ask = async () => {
    const { queues } = await call<{ queues: { id: string }[] }>('queues.get_all', { name: '^services$' });
    return queues[0]?.id;
  };
  return until(ask, { what: 'the queue of the services agent', timeoutMs: 30_000 });
}

const SCRIPT = `
import os, time
print('first line', flush=True)
while not os.path.exists('/go/now'):
    time.sleep(0.1)
print('last line', flush=True)
`;

test.serial('the image is built; a task runs in a container beside the agent and outlives it', async (t) => {
  const all = await bench(t);
  const { engine, server, folder } = all;
  const running = async () =>
    (await engine.docker(['ps', '--format', '{{.Names}}'])).split('\n').filter(Boolean);
  t.is(
    await engine.docker(['run', '--rm', '--entrypoint=id', 'agent:1', '-u']),
    '1000',
    'not root by itself',
  );

  await startAgentContainer(all, 'first');
  const queue = await servicesQueue(server);
  const task = await server.enqueue(
    { diff: SCRIPT, entry_point: 'main.py', requirements: { pip: '' } },
    queue,
  );
  const logHas = (text: string) => until(async () => (await server.log(task)).includes(text), { what: text });
  await logHas('first line');
  t.is((await running()).length, 2, 'the agent and its task');
  t.is((await engine.docker(['ps', '-q', '--filter', 'label=kind=service'])).split('\n').length, 1);
  const health = JSON.parse(await engine.docker(['exec', 'first', 'agent', 'entrypoint', '--health']));
  t.like(health, { ok: true, worker: WORKER });

  await engine.docker(['stop', 'first']);
  t.is((await running()).length, 1, 'the task runs on');
  await startAgentContainer(all, 'second');
  writeFileSync(path.join(folder, 'go', 'now'), '');
  const ended = await server.ended(task);
  t.is(ended.status, 'completed', await server.log(task));
  t.is(ended.last_worker, `${WORKER}:service:${task}`);
  t.deepEqual((await server.log(task)).match(/(first|last) line/g), ['first line', 'last line']);
  const left = () => engine.docker(['ps', '-a', '-q', '--filter', 'label=kind=service']);
  await until(async () => (await left()) === '', { what: 'the removal of the container' });
  await engine.docker(['stop', 'second']);
  t.regex(
    await engine.docker(['logs', 'second']),
    /^agent daemon --docker base:1 --foreground --services-mode/m,
  );
});

/** The server's container as its compose file says, with the folders of the machine below `root`. */
async function startServerContainer(engine: DockerEngine, root: string): Promise<void> {
  const { user = '', command = '', environment, volumes } = composeService('server.yml', 'server');
  const [uid, gid] = user.split(':').map(Number);
  const mounts = volumes.flatMap((volume) => {
    const folder = path.join(root, volume.split(':')[0] ?? '');
    mkdirSync(folder, { recursive: true });
    chownSync(folder, uid ?? -1, gid ?? -1);
    return ['-v', path.join(root, volume)];
  });
  const config =
    'auth.fixed_users { enabled: true, users: [{ username: jane, password: "12345678", name: Jane }] }';
  writeFileSync(path.join(root, 'opt/clearml/config/apiserver.conf'), config);
  const variables = Object.entries(environment)
    .filter(([, value]) => value !== null)
    .flatMap(([key, value]) => ['-e', `${key}=${value}`]);
  const settings = ['--name', 'server', '--user', user, '--network', 'none'];
  await engine.docker([
    ...['run', '--detach', ...settings, ...mounts, ...variables, 'agent:1'],
    ...command.split(' '),
  ]);
}

test.serial(
  'the image runs the server of its compose file: healthy, backed up, stopped in order',
  async (t) => {
    const engine = await engineFor(t);
    const root = temporaryFolder(t);
    await startServerContainer(engine, root);
    const inside = (...words: string[]) => engine.docker(['exec', 'server', ...words]);
    const [, ...check] = composeService('server.yml', 'server').healthcheck?.test ?? [];
    const healthy = () => inside(...check).catch(() => undefined);
    t.regex(await until(healthy, { what: 'the health check', timeoutMs: 60_000 }), /answers 200$/);
    t.regex(
      await inside('agent', 'server', 'users', '--folder', '/data'),
      /^jane +Jane +user +configuration /m,
    );
    const backup = ['/backups/clearml.tar.gz', '--folder', '/data'];
    await inside('agent', 'server', 'backup', ...backup, '--files');
    t.regex(await inside('agent', 'server', 'check', '/backups/clearml.tar.gz'), /is whole/);
    t.is(statSync(path.join(root, 'opt/clearml/server')).uid, 1000);

    await engine.docker(['stop', 'server']);
    t.is(await engine.docker(['inspect', '--format', '{{.State.ExitCode}}', 'server']), '0');
    const { secret_key } = JSON.parse(
      readFileSync(path.join(root, 'opt/clearml/server/credentials.json'), 'utf8'),
    );
    t.false((await engine.docker(['logs', 'server'])).includes(secret_key));
  },
);
