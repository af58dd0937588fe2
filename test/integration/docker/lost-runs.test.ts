import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { agentUnderTest } from '../../support/agent-under-test.js';
import { sharedEngine } from '../../support/docker-engine.js';
import { journalOf } from '../../support/run-journal.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { until } from '../../support/until.js';

const engineFor = sharedEngine(
  test,
  async (engine) => {
    await engine.makeBusybox('base:1');
  },
  300_000,
);

const WAITS = `#!/bin/sh
echo begun >> /marks/begun
until [ -e /marks/go ]; do sleep 0.1; done
echo ran
exit 3
`;

/** A task in a container whose daemon was killed and whose run folder is gone. */
async function lost(t: ExecutionContext) {
  const engine = await engineFor(t);
  const marks = temporaryFolder(t);
  const agent = await agentUnderTest(t, {
    DOCKER_HOST: `unix://${engine.socket}`,
    CLEARML_AGENT_EXTRA_DOCKER_ARGS: '--network none',
  });
  const { id } = await agent.call<{ id: string }>('tasks.create', {
    name: 'lost',
    type: 'training',
    script: { binary: '/bin/sh', working_dir: '.', entry_point: 'run.sh', diff: WAITS },
    container: { image: 'base:1', arguments: `-v ${marks}:/marks` },
  });
  await agent.call('tasks.enqueue', { task: id, queue: agent.queue });
  const first = agent.daemon('--docker');
  const begun = path.join(marks, 'begun');
  await until(() => existsSync(begun) && existsSync(journalOf(agent)), {
    what: 'the command and its note',
    timeoutMs: 90_000,
    context: first.output,
  });
  first.kill('SIGKILL');
  await first.exited;
  rmSync(path.dirname(journalOf(agent)), { recursive: true });
  const containers = () => engine.docker(['ps', '-aq']);
  t.teardown(async () =>
    engine.docker(['rm', '-f', ...(await containers()).split(/\s+/).filter(Boolean)]).catch(() => ''),
  );
  return { agent, id, engine, begun, go: () => writeFileSync(path.join(marks, 'go'), ''), containers };
}

test.serial(
  'a daemon attaches to a container whose run folder is gone, and reports its exit status',
  async (t) => {
    const { agent, id, begun, go, containers } = await lost(t);
    const { output } = agent.daemon('--docker');
    await until(() => output().includes('attached again'), {
      what: 'the attach',
      timeoutMs: 90_000,
      context: output,
    });
    go();
    const { status, runtime } = await agent.ended(id, 90_000);
    t.deepEqual(
      [status, runtime.failure_class],
      ['failed', 'user_exit_code'],
      `${output()}\n${await agent.log(id)}`,
    );
    t.is(readFileSync(begun, 'utf8'), 'begun\n');
    await until(async () => (await containers()) === '', {
      what: 'the container to go',
      timeoutMs: 60_000,
      context: output,
    });
  },
);

test.serial('an abort of a container whose run folder is gone ends it', async (t) => {
  const { agent, id, containers } = await lost(t);
  const { output } = agent.daemon('--docker');
  await until(() => output().includes('attached again'), {
    what: 'the attach',
    timeoutMs: 90_000,
    context: output,
  });
  await agent.call('tasks.stop', { task: id });
  t.is((await agent.ended(id, 90_000)).status, 'stopped', output());
  await until(async () => (await containers()) === '', {
    what: 'the container to go',
    timeoutMs: 60_000,
    context: output,
  });
});

test.serial('a task whose container is gone as well fails as agent_lost', async (t) => {
  const { agent, id, engine, containers } = await lost(t);
  await engine.docker(['rm', '-f', await containers()]);
  const { output } = agent.daemon('--docker');
  const { status, runtime } = await agent.ended(id, 90_000);
  t.deepEqual([status, runtime.failure_class], ['failed', 'agent_lost'], output());
});

test.serial(
  'a daemon without --docker leaves task and container alone, and one with it attaches',
  async (t) => {
    const { agent, id, go, containers } = await lost(t);
    const container = await containers();
    const without = agent.daemon();
    const next = await agent.enqueue({ binary: '/bin/sh', entry_point: 'a.sh', diff: 'sleep 5\n' });
    t.is((await agent.ended(next, 90_000)).status, 'completed', without.output());
    t.regex(
      without.output(),
      new RegExp(`task ${id}: is in progress in a container, and this daemon has no --docker`),
    );
    t.is((await agent.task(id)).status, 'in_progress');
    t.is(await containers(), container);
    without.kill('SIGTERM');
    await without.exited;
    const { output } = agent.daemon('--docker');
    await until(() => output().includes('attached again'), {
      what: 'the attach',
      timeoutMs: 90_000,
      context: output,
    });
    go();
    t.is((await agent.ended(id, 90_000)).status, 'failed', output());
  },
);
