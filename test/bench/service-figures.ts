import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { serverConfText, startServer } from '../../src/server/server.js';
import { DockerEngine } from '../support/docker-engine.js';
import { clientOf } from '../support/embedded-server.js';
import { until } from '../support/until.js';
import { type Contender, homeFor, startDaemon } from './contender.js';
import { countingProxy } from './counting-proxy.js';
import { watchMemory } from './measure.js';

export interface ServiceFigures {
  /** Seconds from the first that waits until all run and have printed everything. */
  started: number;
  /** The daemon's resident memory at its highest. */
  megabytes: number;
  /** While all of them do nothing. */
  requestsPerMinute: number;
}

const LINES = 100;
const SCRIPT = `i=0
while [ $i -lt ${LINES} ]; do echo "line $i of $CLEARML_TASK_ID"; i=$((i+1)); sleep 0.1; done
while true; do sleep 5; done
`;

/** Many services in containers under one daemon, every line of which must arrive. */
export async function measureServices(
  agent: Contender,
  { folder, count, seconds }: { folder: string; count: number; seconds: number },
): Promise<ServiceFigures> {
  const engine = await DockerEngine.start();
  const server = await startServer({ folder: path.join(folder, 'server'), port: 0 });
  const proxy = await countingProxy(server.url);
  const { call } = clientOf(server);
  await call('queues.create', { name: 'default' }).catch(() => undefined);
  const conf = serverConfText({ ...server, url: proxy.url });
  const env = { ...homeFor(path.join(folder, 'home'), conf), DOCKER_HOST: `unix://${engine.socket}` };
  await engine.makeBusybox('service:1');
  const words = ['--services-mode', '--docker', 'service:1', '--network', 'none'];
  const daemon = startDaemon(agent, env, words);
  const memory = watchMemory(daemon.pid);
  try {
    const begun = Date.now();
    const ids = await Promise.all(Array.from({ length: count }, () => enqueue(call)));
    for (const id of ids) await allLines(call, id);
    const started = (Date.now() - begun) / 1000;
    const before = proxy.count();
    await sleep(seconds * 1000);
    const requestsPerMinute = ((proxy.count() - before) * 60) / seconds;
    return { started, megabytes: memory.peak(), requestsPerMinute };
  } finally {
    memory.stop();
    await daemon.stop();
    proxy.close();
    await server.close();
    await engine.stop();
  }
}

type Call = ReturnType<typeof clientOf>['call'];

async function enqueue(call: Call): Promise<string> {
  const script = { binary: '/bin/sh', entry_point: 'service.sh', diff: SCRIPT };
  const { id } = await call<{ id: string }>('tasks.create', { name: 'bench', type: 'service', script });
  await call('tasks.enqueue', { task: id, queue_name: 'default' });
  return id;
}

async function allLines(call: Call, id: string): Promise<void> {
  const expected = Array.from({ length: LINES }, (_, at) => `line ${at} of ${id}`).join('\n');
  await until(
    async () => {
      const query = { task: id, order: 'asc', batch_size: 5000 };
      const { events } = await call<{ events: { msg: string }[] }>('events.get_task_log', query);
      const text = events.map(({ msg }) => msg).join('');
      return text.match(/^line \d+ of \w+/gm)?.join('\n') === expected;
    },
    { what: `every line of ${id} once`, timeoutMs: 600_000 },
  );
}
