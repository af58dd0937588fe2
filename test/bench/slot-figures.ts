import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { serverConfText, startServer } from '../../src/server/server.js';
import { clientOf } from '../support/embedded-server.js';
import { until } from '../support/until.js';
import { type Contender, homeFor, startDaemon } from './contender.js';
import { median, watchMemory } from './measure.js';

export interface SlotFigures {
  /** Seconds from the first that waits until all run. */
  started: number;
  /** The daemon's resident memory at its highest. */
  megabytes: number;
  /** Milliseconds from the end of a command to its note in the journal, and those of the slowest. */
  noticed: number;
  slowest: number;
}

/** Sleeps until its pipe is written to, and says when it ended. */
const SCRIPT = `mkfifo "$HOME/on-$CLEARML_TASK_ID"
read -r line < "$HOME/on-$CLEARML_TASK_ID"
date +%s%3N > "$HOME/end-$CLEARML_TASK_ID"
`;

/** Many tasks side by side on this machine under one daemon, which end one after the other. */
export async function measureSlots(
  agent: Contender,
  { folder, count }: { folder: string; count: number },
): Promise<SlotFigures> {
  const server = await startServer({ folder: path.join(folder, 'server'), port: 0 });
  const { call } = clientOf(server);
  await call('queues.create', { name: 'default' }).catch(() => undefined);
  const home = path.join(folder, 'home');
  const daemon = startDaemon(agent, homeFor(home, serverConfText(server)), ['--slots', String(count)]);
  const memory = watchMemory(daemon.pid);
  try {
    const begun = Date.now();
    const ids = await Promise.all(Array.from({ length: count }, () => enqueue(call)));
    const isOn = (id: string) => existsSync(path.join(home, `on-${id}`));
    await until(async () => ids.every(isOn), { what: 'all tasks to run', timeoutMs: 600_000 });
    const started = (Date.now() - begun) / 1000;
    const journals = journalFiles(home);
    const delays: number[] = [];
    for (const id of ids) {
      const journal = journals.find((file) => file.includes(id)) ?? '';
      delays.push(await endOne(home, id, journal));
    }
    return { started, megabytes: memory.peak(), noticed: median(delays), slowest: Math.max(...delays) };
  } finally {
    memory.stop();
    await daemon.stop();
    await server.close();
  }
}

async function enqueue(call: ReturnType<typeof clientOf>['call']): Promise<string> {
  const script = { binary: '/bin/sh', entry_point: 'task.sh', diff: SCRIPT };
  const { id } = await call<{ id: string }>('tasks.create', { name: 'bench', type: 'training', script });
  await call('tasks.enqueue', { task: id, queue_name: 'default' });
  return id;
}

function journalFiles(home: string): string[] {
  const workers = path.join(home, '.clearml/agent/workers');
  return readdirSync(workers, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('journal.jsonl'))
    .map((file) => path.join(workers, file));
}

/** The journal is there for as long as the end is on its way to the server. */
async function endOne(home: string, id: string, journal: string): Promise<number> {
  writeFileSync(path.join(home, `on-${id}`), '\n');
  for (;;) {
    const ended = readFileSync(journal, 'utf8')
      .split('\n')
      .find((line) => line.includes('"step":"ended"'));
    if (ended !== undefined) {
      const { at }: { at: string } = JSON.parse(ended);
      return Date.parse(at) - Number(readFileSync(path.join(home, `end-${id}`), 'utf8'));
    }
    await sleep(2);
  }
}
