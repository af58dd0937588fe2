import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { agentUnderTest } from '../../support/agent-under-test.js';
import { waitingIn } from '../../support/begun-task.js';
import { UnitManager } from '../../support/unit-manager.js';
import { until } from '../../support/until.js';

const SCRIPT = path.resolve(import.meta.dirname, '../../../bin/agent.js');

/** Prints numbers until `go` is in its home; saves at SIGTERM and ends with status 0. */
const COUNTING = {
  binary: '/bin/sh',
  entry_point: 'main.sh',
  diff: `trap 'echo checkpoint saved; exit 0' TERM
i=0
while [ ! -e "$HOME/go" ]; do echo "line $i"; i=$((i+1)); sleep 0.1; done
echo finished
`,
};

/** The unit that \`agent service\` writes, under a manager that does what it states. */
async function unit(t: ExecutionContext) {
  const agent = await agentUnderTest(t);
  const { env, folder } = agent.home;
  const words = ['service', 'print', '--', '--queue', 'default'];
  const text = execFileSync(process.execPath, [SCRIPT, ...words], { env, encoding: 'utf8' });
  const manager = new UnitManager(text, env, folder);
  t.teardown(() => manager.close());
  await manager.start();
  const task = await agent.enqueue(COUNTING);
  const lines = async () =>
    [...(await agent.log(task)).matchAll(/^line (\d+)$/gm)].map(([, number]) => Number(number));
  const more = async (what: string) => {
    const least = ((await lines()).at(-1) ?? -1) + 3;
    await until(async () => ((await lines()).at(-1) ?? -1) >= least, {
      what,
      context: () => manager.output(),
    });
  };
  await more('the first lines');
  return { agent, manager, task, lines, more };
}

test.serial(
  'systemctl restart, a crash and another restart leave the task alone, and every line arrives once',
  async (t) => {
    const { agent, manager, task, lines, more } = await unit(t);
    const before = manager.mainPid;
    await manager.restart();
    t.not(manager.mainPid, before);
    await more('lines after the restart');
    await manager.crash();
    await more('lines after the crash');
    await manager.restart();
    await more('lines after the second restart');
    writeFileSync(path.join(agent.home.folder, 'go'), '');
    t.is((await agent.ended(task)).status, 'completed', manager.output());
    const all = await lines();
    t.deepEqual(
      all,
      Array.from({ length: all.length }, (_, index) => index),
    );
    t.is(manager.output().match(/attached again/g)?.length, 3);
  },
);

test.serial(
  'systemctl stop gives the task its grace and reports it as stopped; the next start serves its queue',
  async (t) => {
    const { agent, manager, task } = await unit(t);
    t.is(await manager.stop(), 0, manager.output());
    const { status, status_reason } = await agent.task(task);
    t.is(status, 'stopped');
    t.regex(status_reason, /^stopped by the operator: SIGTERM \(worker test:0 on /);
    t.regex(await agent.log(task), /checkpoint saved/);
    const next = await agent.enqueue({ ...COUNTING, diff: 'echo next\n' });
    t.deepEqual(await waitingIn(agent), [next]);
    await manager.start();
    t.is((await agent.ended(next)).status, 'completed', manager.output());
  },
);

test.serial(
  'the daemon that an operator drains ends with status 0, so that no other is started',
  async (t) => {
    const { agent, manager, task } = await unit(t);
    const drain = agent.agent('daemon', '--stop', '--drain');
    await until(() => manager.output().includes('draining'), {
      what: 'the drain',
      context: () => manager.output(),
    });
    writeFileSync(path.join(agent.home.folder, 'go'), '');
    t.is((await drain.exited).code, 0, drain.output());
    t.is((await agent.task(task)).status, 'completed');
    t.is(manager.settings.get('Restart'), 'on-failure');
    t.is(await manager.exitStatus(), 0);
  },
);
