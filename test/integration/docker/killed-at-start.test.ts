import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { agentUnderTest } from '../../support/agent-under-test.js';
import { type DockerEngine, sharedEngine } from '../../support/docker-engine.js';
import { engineFront, type StartMoment } from '../../support/engine-front.js';
import { cutLaunched, journalOf } from '../../support/run-journal.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { until } from '../../support/until.js';

const engineFor = sharedEngine(
  test,
  async (engine) => {
    await engine.makeBusybox('base:1');
  },
  180_000,
);

/** Notes each time it begins, and ends once `go` is there. */
const COUNTED = `#!/bin/sh
echo begun >> /marks/begun
until [ -e /marks/go ]; do sleep 0.1; done
echo ran
`;

/** An agent on that socket, and a task that waits for it. */
async function waitingTask(t: ExecutionContext, engine: DockerEngine, socket: string) {
  const marks = temporaryFolder(t);
  const agent = await agentUnderTest(t, {
    DOCKER_HOST: `unix://${socket}`,
    CLEARML_AGENT_EXTRA_DOCKER_ARGS: '--network none',
  });
  const { id } = await agent.call<{ id: string }>('tasks.create', {
    name: 'counted',
    type: 'training',
    script: { binary: '/bin/sh', working_dir: '.', entry_point: 'run.sh', diff: COUNTED },
    container: { image: 'base:1', arguments: `-v ${marks}:/marks` },
  });
  await agent.call('tasks.enqueue', { task: id, queue: agent.queue });
  const begun = path.join(marks, 'begun');
  return {
    ...agent,
    hasBegun: () => existsSync(begun),
    go: () => writeFileSync(path.join(marks, 'go'), ''),
    /** The task is complete, its command ran once, and its containers are gone. */
    ranOnce: async (output: () => string) => {
      const { status } = await agent.ended(id, 120_000);
      t.is(status, 'completed', `${await agent.log(id)}\n${output()}`);
      t.is(readFileSync(begun, 'utf8'), 'begun\n');
      t.is((await agent.log(id)).match(/^ran\r?$/gm)?.length, 1);
      const none = async () => (await engine.docker(['ps', '-aq'])) === '';
      await until(none, { what: 'the removal of all containers', timeoutMs: 60_000, context: output });
    },
  };
}

for (const moment of ['created', 'start asked', 'started'] satisfies StartMoment[])
  test.serial(`a daemon that is killed with its container ${moment} runs the command once`, async (t) => {
    const engine = await engineFor(t);
    let kill = (): void => undefined;
    const socket = await engineFront(t, engine.socket, moment, () => kill());
    const { daemon, go, hasBegun, ranOnce } = await waitingTask(t, engine, socket);
    go();
    const first = daemon('--docker');
    kill = () => first.kill('SIGKILL');
    await first.exited;
    t.false(hasBegun(), first.output());
    t.not(await engine.docker(['ps', '-aq']), '', 'a container is left by the kill');
    const second = daemon('--docker');
    await ranOnce(second.output);
  });

test.serial('a daemon that is killed between the command and its note attaches to it', async (t) => {
  const engine = await engineFor(t);
  const agent = await waitingTask(t, engine, engine.socket);
  const first = agent.daemon('--docker');
  await until(agent.hasBegun, { what: 'the command', timeoutMs: 60_000, context: first.output });
  await until(() => existsSync(journalOf(agent)), { what: 'the note of it', context: first.output });
  first.kill('SIGKILL');
  await first.exited;
  cutLaunched(journalOf(agent));
  const second = agent.daemon('--docker');
  await until(() => second.output().includes('attached again'), {
    what: 'the attach',
    timeoutMs: 60_000,
    context: second.output,
  });
  agent.go();
  await agent.ranOnce(second.output);
});
