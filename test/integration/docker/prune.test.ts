import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { RUN_LABEL } from '../../../src/drivers/docker/containers/container-plan.js';
import type { DockerPlaceRef } from '../../../src/drivers/docker/docker-ref.js';
import { ensureFolder } from '../../../src/os/files.js';
import { acquireLock } from '../../../src/os/lock.js';
import { runFolder, workerFolder } from '../../../src/os/paths.js';
import { Journal } from '../../../src/runs/journal.js';
import { type AgentHome, agentHome, startAgent } from '../../support/agent-process.js';
import { DockerEngine } from '../../support/docker-engine.js';
import { podmanSetting } from '../../support/podman-setting.js';

/** Worker, task and container of a run that has not been finished with. */
interface Unfinished {
  home: AgentHome;
  worker: string;
  container: string;
}

async function journal({ home, worker, container }: Unfinished): Promise<string> {
  const folder = workerFolder(path.join(home.folder, '.clearml', 'agent'), worker);
  const run = runFolder(folder, `task-of-${worker}`, 1);
  await ensureFolder(run);
  const written = await Journal.open(run);
  await written.write({ step: 'pulled', task: `task-of-${worker}`, queue: undefined });
  const place: DockerPlaceRef = { kind: 'docker', taskId: `task-of-${worker}`, container, runFolder: run };
  await written.write({ step: 'preparing', place });
  await written.close();
  return folder;
}

async function prune(home: AgentHome, ...words: string[]): Promise<{ code: number | null; output: string }> {
  const agent = startAgent(['prune', ...words], home);
  const { code } = await agent.exited;
  return { code, output: agent.output() };
}

/** An engine with one stopped container for each name. */
async function engineWith(t: ExecutionContext, names: Readonly<Record<string, string>>) {
  const engine = await DockerEngine.startFor(t);
  await engine.makeBusybox('base:1');
  const ids = new Map<string, string>();
  for (const [name, label] of Object.entries(names)) {
    const labels = label
      .split(' ')
      .filter(Boolean)
      .flatMap((one) => ['-l', one]);
    const create = name.startsWith('created') ? ['create'] : ['run', '--detach'];
    const command = name.startsWith('running') ? ['sleep', '600'] : ['true'];
    ids.set(name, (await engine.docker([...create, '--name', name, ...labels, 'base:1', ...command])).trim());
  }
  const ended = [...ids.keys()].filter((name) => !/^(running|created)/.test(name));
  await engine.docker(['wait', ...ended]);
  const left = async () => (await engine.docker(['ps', '-a', '--format', '{{.Names}}'])).split('\n').sort();
  return { engine, ids, left };
}

test('stopped containers of tasks go, and nothing else', async (t) => {
  t.timeout(120_000);
  const { engine, ids, left } = await engineWith(t, {
    ours: `${RUN_LABEL}=a.1 clearml-worker-id=w:service:a`,
    original: 'clearml-worker-id=w:service:b kind=application',
    foreign: 'kind=application',
    live: `${RUN_LABEL}=c.1`,
    left: `${RUN_LABEL}=d.1`,
    'running-one': `${RUN_LABEL}=e.1`,
    'created-now': `${RUN_LABEL}=f.1`,
  });
  const all = await left();
  const home = await agentHome({ DOCKER_HOST: `unix://${engine.socket}` });
  const folder = await journal({ home, worker: 'living', container: ids.get('live') ?? '' });
  await journal({ home, worker: 'dead', container: ids.get('left') ?? '' });
  t.teardown(await acquireLock(path.join(folder, 'lock'), { timeoutMs: 0, what: 'the worker id' }));

  t.regex((await prune(home)).output, /ours +w:service:a +(localhost\/)?base:1 +status 0 .*kept: too young/);
  const dry = await prune(home, '--older-than', '0', '--dry-run');
  t.regex(dry.output, /original .*to be removed[\s\S]*2 to be removed, 3 kept/);
  t.deepEqual(await left(), all, 'nothing has been removed yet');

  const labelled = await prune(home, '--older-than', '0', '--label', 'kind=application', '--json');
  const [only] = JSON.parse(labelled.output).containers;
  t.like(only, { name: 'original', worker: 'w:service:b', exitCode: 0, action: 'removed' });
  const rest = await prune(home, '--older-than', '0s');
  t.regex(rest.output, /live .*kept: its agent is running and works on task task-of-living/);
  t.regex(rest.output, /left .*kept: its agent has to finish task task-of-dead at its next start/);
  t.deepEqual(await left(), ['created-now', 'foreign', 'left', 'live', 'running-one']);

  t.is((await prune(home, '--older-than', '0', '--abandoned')).code, 0);
  t.deepEqual(await left(), ['created-now', 'foreign', 'live', 'running-one']);
  await engine.docker(['kill', 'running-one']);
});

test('without an engine there is one line about it', async (t) => {
  const home = await agentHome({ DOCKER_HOST: 'unix:///nowhere/docker.sock' });
  const { code, output } = await prune(home);
  t.is(code, 1);
  t.regex(output, /^clearml_agent: ERROR: .*unix:\/\/\/nowhere\/docker\.sock.*\n {2}\S.*\n$/);
});

test("Podman's containers go the same way", async (t) => {
  t.timeout(120_000);
  const { env, podman, makeBusybox } = podmanSetting(t);
  await makeBusybox('base:1');
  const label = ['--label', `${RUN_LABEL}=a.1`];
  const settings = ['--network=none'];
  await podman(['run', ...settings, ...label, '--name', 'ended', 'base:1', 'sh', '-c', 'exit 3']).catch(
    () => '',
  );
  await podman(['run', ...settings, '--name', 'foreign', 'base:1', 'true']);
  await podman(['create', ...settings, ...label, '--name', 'created-now', 'base:1', 'true']);
  const { code, output } = await prune({ folder: env.HOME ?? '', env }, '--podman', '--older-than', '0');
  t.is(code, 0, output);
  t.regex(output, /ended +- +\S*base:1 +status 3 .*removed/);
  t.regex(output, /created-now +- +\S*base:1 +never started .*kept: too young/);
  const left = await podman(['ps', '-a', '--format', '{{.Names}}']);
  t.deepEqual(left.split('\n').sort(), ['created-now', 'foreign']);
});
