import test from 'ava';
import { pack } from '../../../src/server/apps/archive/pack.js';
import { agentUnderTest } from '../../support/agent-under-test.js';
import { DockerEngine } from '../../support/docker-engine.js';
import { until } from '../../support/until.js';

/** Fails in its first life, and again in its second one unless it may live on. */
const SCRIPT = `[ -e /tmp/seen ] && echo "second life" && exit 0
touch /tmp/seen
echo "first life"
exit 3
`;

async function archive(id: string, resumable: boolean): Promise<string> {
  const text = `id: ${id}, name: ${id}, version: 1.0.0, default_queue: custom_apps_queue, resumable: ${resumable}
task { script { binary: "/bin/sh", entry_point: main.sh, diff: ${JSON.stringify(SCRIPT)} }, container { image: "service:1" } }
`;
  return (await pack({ name: 'x.app.conf', text, assets: new Map() })).toString('base64');
}

test("the guide's restart policy lets instances of resumable applications live on, and no others", async (t) => {
  t.timeout(300_000);
  const engine = await DockerEngine.startFor(t);
  await engine.makeBusybox('service:1');
  const agent = await agentUnderTest(t, {
    DOCKER_HOST: `unix://${engine.socket}`,
    CLEARML_AGENT_SERVICES_DOCKER_RESTART: 'on-failure;application.resumable=True',
    CLEARML_AGENT_EXTRA_DOCKER_LABELS: 'allegro-type=application subtype=custom',
  });
  for (const resumable of [true, false])
    await agent.call('apps.upload', { archive: await archive(resumable ? 'lives' : 'ends', resumable) });
  const words = ['--foreground', '--create-queue', '--services-mode=2', '--queue', 'custom_apps_queue'];
  const daemon = agent.agent('daemon', ...words, '--docker', 'service:1', '--network', 'none');
  const launch = (app: string) =>
    until(
      async () =>
        agent.call<{ id: string }>('apps.launch', { app }).then(
          ({ id }) => id,
          () => undefined,
        ),
      { what: 'the queue of the applications', context: daemon.output },
    );
  const [lives, ends] = [await launch('lives'), await launch('ends')];
  t.is((await agent.ended(lives, 120_000)).status, 'completed', daemon.output());
  t.regex(await agent.log(lives), /first life[\s\S]*second life/);
  t.is((await agent.ended(ends, 120_000)).status, 'failed');
  t.notRegex(await agent.log(ends), /second life/);
  const { task } = await agent.call<{ task: object }>('tasks.get_by_id', { task: lives });
  t.like(task, { application: { id: 'lives', resumable: true }, status: 'completed' });
});
