import { appendFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { agentUnderTest } from '../../support/agent-under-test.js';
import { DockerEngine } from '../../support/docker-engine.js';
import { startGitHttpServer } from '../../support/git-http-server.js';
import { GitRepository } from '../../support/git-repository.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { until } from '../../support/until.js';

test('what the engine shows of a container has no secret of the agent', async (t) => {
  t.timeout(170_000);
  const secrets = { CLEARML_AGENT_GIT_USER: 'bot', CLEARML_AGENT_GIT_PASS: 'the-password-of-git' };
  const engine = await DockerEngine.startFor(t);
  await engine.makeBusybox('base:1');
  const agent = await agentUnderTest(t, {
    DOCKER_HOST: `unix://${engine.socket}`,
    CLEARML_AGENT_EXTRA_DOCKER_ARGS: '--network none',
    ...secrets,
  });
  const { accessKey, secretKey } = agent.server.credentials;
  Object.assign(agent.home.env, {
    CLEARML_API_ACCESS_KEY: accessKey,
    CLEARML_API_SECRET_KEY: secretKey,
    PIP_EXTRA_INDEX_URL: 'https://me:the-password-of-pip@index.example/simple',
    UV_INDEX: 'https://me:the-password-of-uv@index.example/simple',
  });
  appendFileSync(
    path.join(agent.home.folder, 'clearml.conf'),
    '\nagent.package_manager.extra_index_url: ["https://me:the-password-of-the-index@index.example/simple"]\n',
  );
  const served = temporaryFolder(t);
  new GitRepository(path.join(served, 'code')).commit({ 'run.sh': 'echo begun; sleep 600\n' });
  const git = await startGitHttpServer(served, { bot: secrets.CLEARML_AGENT_GIT_PASS });
  t.teardown(git.close);
  const { id } = await agent.call<{ id: string }>('tasks.create', {
    name: 'with a private repository',
    type: 'training',
    script: { binary: '/bin/sh', repository: `${git.url}/code`, branch: 'main', entry_point: 'run.sh' },
    container: { image: 'base:1' },
  });
  await agent.call('tasks.enqueue', { task: id, queue: agent.queue });
  const daemon = agent.daemon('--docker', 'base:1');
  await until(async () => /^begun/m.test(await agent.log(id)), {
    what: 'the task',
    timeoutMs: 60_000,
    context: daemon.output,
  });
  const container = (await engine.docker(['ps', '-q', '--no-trunc'])).trim();
  const shown = await engine.docker(['inspect', container]);
  t.true(shown.includes(id));
  const words = [secretKey, accessKey, 'the-password'];
  const found = shown.split('\n').filter((line) => words.some((word) => line.includes(word)));
  t.deepEqual(found, []);
  await agent.call('tasks.stop', { task: id });
  await agent.ended(id);
});
