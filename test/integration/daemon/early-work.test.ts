import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { type AgentUnderTest, agentUnderTest } from '../../support/agent-under-test.js';
import { hookedFront } from '../../support/hooked-front.js';
import { until } from '../../support/until.js';

type Act = (agent: AgentUnderTest, task: string) => Promise<unknown>;

/** Claims wait before `tasks.started` until `act` is over. */
async function heldClaims(t: ExecutionContext, act: Act): Promise<AgentUnderTest> {
  const agent = await agentUnderTest(t, { CLEARML_AGENT_SKIP_PYTHON_ENV_INSTALL: '1' });
  const url = await hookedFront(t, agent.server.url, {
    before: async ({ endpoint, body }) => {
      if (endpoint === 'tasks.started') await act(agent, JSON.parse(body).task);
    },
  });
  Object.assign(agent.home.env, { CLEARML_API_HOST: url, CLEARML_AGENT_QUEUE_POLL_FREQ_SEC: '0.3' });
  return agent;
}

function shellTask(repository: string) {
  return { binary: '/bin/sh', entry_point: 'main.sh', repository, branch: 'main' };
}

/** Scripts of checkouts in the workspaces of this agent. */
function checkedOut({ home }: AgentUnderTest): string[] {
  const folder = path.join(home.folder, '.clearml', 'venvs-builds');
  return below(folder)
    .flatMap((workspace) => below(path.join(workspace, 'task_repository')))
    .map((root) => path.join(root, 'main.sh'))
    .filter((file) => existsSync(file));
}

/** Empty for a folder that is gone: the agent removes some meanwhile. */
function below(folder: string): string[] {
  try {
    return readdirSync(folder).map((name) => path.join(folder, name));
  } catch {
    return [];
  }
}

test('the code of a task is checked out while the task is claimed, and its log has the order of its steps', async (t) => {
  const agent = await heldClaims(t, (one) =>
    until(() => checkedOut(one).length > 0, { what: 'the checkout', timeoutMs: 60_000 }),
  );
  const task = await agent.enqueue(shellTask(agent.repository({ 'main.sh': 'echo it ran\n' })));
  agent.daemon();
  t.is((await agent.ended(task)).status, 'completed');
  const log = await agent.log(task);
  const steps = ['[claim] done', 'cloning file://', 'commit: ', '[code] done', '[start]', 'it ran'];
  const places = steps.map((step) => log.indexOf(step));
  t.true(
    places.every((place, at) => place > (places[at - 1] ?? -1)),
    log,
  );
});

test('a task whose code is changed while it is claimed runs the changed code', async (t) => {
  const changed = { script: undefined as Record<string, unknown> | undefined };
  const agent = await heldClaims(t, async (one, task) => {
    if (changed.script === undefined) return;
    await until(() => checkedOut(one).length > 0, { what: 'the checkout', timeoutMs: 60_000 });
    await one.call('tasks.edit', { task, script: changed.script, force: true });
  });
  changed.script = shellTask(agent.repository({ 'main.sh': 'echo the other code\n', other: '' }));
  const task = await agent.enqueue(shellTask(agent.repository({ 'main.sh': 'echo the first code\n' })));
  agent.daemon();
  t.is((await agent.ended(task)).status, 'completed');
  const log = await agent.log(task);
  t.true(log.includes('the other code') && !log.includes('the first code'), log);
});

test('a task that is reset while it is claimed leaves no code behind', async (t) => {
  const agent = await heldClaims(t, async (one, task) => {
    await until(() => checkedOut(one).length > 0, { what: 'the checkout', timeoutMs: 60_000 });
    await one.call('tasks.reset', { task });
  });
  const task = await agent.enqueue(shellTask(agent.repository({ 'main.sh': 'echo it ran\n' })));
  const daemon = agent.daemon();
  await until(() => daemon.output().includes(`task ${task}: was reset; its run has ended`), {
    what: 'the end of the run',
    context: daemon.output,
  });
  await until(() => checkedOut(agent).length === 0, { what: 'the end of the workspace' });
  t.is((await agent.task(task)).status, 'created');
});

test('code that cannot be checked out fails the task once it is claimed', async (t) => {
  const agent = await heldClaims(t, async () => undefined);
  const task = await agent.enqueue(shellTask(`file://${agent.home.folder}/repositories/none`));
  agent.daemon();
  t.is((await agent.ended(task)).status, 'failed');
  t.regex(await agent.log(task), /\[claim\] done[\s\S]*REPOSITORY_CLONE|\[claim\] done[\s\S]*cannot clone/);
});
