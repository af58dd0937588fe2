import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { splitWords } from '../../../src/os/shell-words.js';
import { agentUnderTest } from '../../support/agent-under-test.js';
import { DockerEngine, TEST_ENGINE } from '../../support/docker-engine.js';
import { makeMachineImage } from '../../support/machine-image.js';
import { packageIndex } from '../../support/package-index.js';

const PACKAGES = ['bash', 'dash', 'coreutils', 'findutils', 'grep', 'libc-bin', 'python3', 'python3-pip'];

/** Things of this machine that must not be found in an image. */
const SECRETS = ['PRIVATE-KEY-TEXT', 'deploy-secret-value', 'file-secret-value', 'script-token-value'];

const MAIN = `
import os, sys, tinypkg
from lib.value import VALUE
names = ["FROM_IMAGE", "MADE", "PLAIN", "DEPLOY_SECRET", "MY_TOKEN"]
print(VALUE, tinypkg.VALUE, sys.argv[1:], *[os.environ.get(name) for name in names])
open("written", "w").close()
`;

/** What main.py prints in the container of an image, which was given nothing from outside. */
const SAID = "right 1.2.3 ['one argument'] yes by-script None None None\n";

async function imageToBuild(t: ExecutionContext) {
  t.timeout(170_000);
  const engine = await DockerEngine.startFor(t);
  const given = await agentUnderTest(t, { DOCKER_HOST: `unix://${engine.socket}`, SSH_AUTH_SOCK: '' });
  const index = await packageIndex(t, [{ name: 'tinypkg', version: '1.2.3' }], { login: false });
  await makeMachineImage(engine, 'python:1', {
    packages: PACKAGES,
    changes: ['ENV FROM_IMAGE=yes', 'CMD ["echo", "plain"]'],
  });
  const { folder } = given.home;
  mkdirSync(path.join(folder, '.ssh'));
  writeFileSync(path.join(folder, '.ssh/id_test'), 'PRIVATE-KEY-TEXT\n');
  writeFileSync(path.join(folder, '.git-credentials'), 'https://me:PRIVATE-KEY-TEXT@example.com\n');
  appendFileSync(path.join(folder, 'clearml.conf'), CONFIGURATION);
  const { id } = await given.call<{ id: string }>('tasks.create', {
    name: 'in an image',
    type: 'training',
    script: {
      repository: given.repository({
        'lib/__init__.py': '',
        'lib/value.py': 'VALUE = "right"\n',
        'main.py': MAIN,
      }),
      branch: 'main',
      entry_point: 'main.py "one argument"',
      requirements: { pip: `--index-url ${index.url}\ntinypkg==1.2.3\n` },
    },
    container: { image: 'python:1', arguments: '--network host -e PLAIN=given' },
  });
  const access = {
    CLEARML_API_HOST: given.server.url,
    CLEARML_API_ACCESS_KEY: given.server.credentials.accessKey,
    CLEARML_API_SECRET_KEY: given.server.credentials.secretKey,
  };
  const run = (...words: string[]) => engine.docker(['run', '--rm', '--network', 'host', ...words]);
  return { ...given, engine, id, access, run };
}

const CONFIGURATION = `
agent.apply_files: true
agent.extra_docker_arguments: ["-e", "DEPLOY_SECRET=deploy-secret-value"]
agent.extra_docker_shell_script: ["export MADE=by-script MY_TOKEN=script-token-value"]
files { one { path: "~/one", contents: "file-secret-value" } }
`;

interface ImageConfig {
  Env: string[];
  Labels: Record<string, string> | null;
  Entrypoint: string[] | null;
  Cmd: string[] | null;
}

/** Podman keeps the variables that it gives each container in the image that is made of one. */
const OF_PODMAN = [
  'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  'container=podman',
  'TERM=xterm',
];

test('an image runs the task anywhere, holds nothing of this machine, or is a base for more', async (t) => {
  const { agent, engine, id, access, run, task, log, home, call } = await imageToBuild(t);
  const inspect = async (name: string): Promise<ImageConfig> =>
    JSON.parse(await engine.docker(['inspect', '--format', '{{json .Config}}', name]));
  const build = async (...words: string[]) => {
    const built = agent('build', '--id', id, ...words);
    t.is((await built.exited).code, 0, built.output());
    return built.output();
  };

  await build('--docker', '--target', 'built:1', '--entry-point', 'reuse_task');
  t.is((await task(id)).status, 'created');
  const config = await inspect('built:1');
  const { Env: ofBase } = await inspect('python:1');
  const added = TEST_ENGINE === 'podman' ? OF_PODMAN : [];
  t.deepEqual([...config.Env].sort(), [...ofBase, ...added].sort());
  t.is(config.Labels ?? undefined, undefined);
  const words = [...SECRETS, access.CLEARML_API_SECRET_KEY].flatMap((secret) => ['-e', secret]);
  const search = ['-rlI', ...words, '/root', '/home', '/tmp', '/etc', '/.clearml.workspace', '/.clearml.run'];
  t.is(await run('--entrypoint', 'sh', 'built:1', '-c', `grep ${search.join(' ')} || true`), '');
  t.is(await engine.docker(['ps', '--all', '--quiet']), '');
  const variables = Object.entries(access).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
  t.is(await run(...variables, 'built:1'), SAID.trim());
  t.is((await task(id)).status, 'completed');
  t.is(await log(id), SAID);

  const words2 = [
    '--docker',
    'python:1',
    '--network',
    'host',
    '--force-docker',
    '--entry-point',
    'clone_task',
  ];
  await build(...words2);
  const conf = `${path.join(home.folder, 'clearml.conf')}:/root/clearml.conf:ro`;
  t.is(await run('-v', conf, `task_id_${id}`), SAID.trim());
  const { tasks } = await call<{ tasks: { name: string; status: string }[] }>('tasks.get_all', {
    name: '^Clone of in an image$',
  });
  t.deepEqual(
    tasks.map(({ status }) => status),
    ['completed'],
  );

  const output = await build('--docker', '--target', 'built:2');
  t.like(await inspect('built:2'), { Cmd: ['echo', 'plain'] });
  t.deepEqual((await inspect('built:2')).Entrypoint ?? [], []);
  t.is(await run('built:2'), 'plain');
  t.is(await run('built:2', 'python3', '-c', 'import tinypkg; print(tinypkg.VALUE)'), '1.2.3');
  const told = /^To run it: docker run --rm (.*)$/m.exec(output)?.[1] ?? '';
  t.is(await run(...splitWords(told)), "right 1.2.3 ['one argument'] yes None None None None");
});
