import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../support/until.js';
import type { Contender } from './contender.js';
import { residentMegabytes, watchMemory } from './measure.js';
import { openScene, type Scene } from './scene.js';

export interface OutageFigures {
  /** MB above what it was before, while the server was away. */
  growthAway: number;
  /** MB above what it was before, while everything was sent. */
  growthDraining: number;
  /** Lines a second that the daemon sends after the outage. */
  drained: number;
  /** Lines a second that the server takes when the same events are sent by a client that does nothing else. */
  serverRate: number;
  /** Lines that never arrived, or arrived twice or out of order. */
  wrongLines: number;
}

export interface OutageOptions {
  folder: string;
  lines: number;
  /** How long the server stays away after the last line, seconds. */
  seconds: number;
}

/** Bytes of a line, its end included. */
const LINE_BYTES = 80;
const PAGE_EVENTS = 200;

/** A task prints as much as an hour of 1,000 lines a second gives while no server answers. */
export async function measureOutage(agent: Contender, options: OutageOptions): Promise<OutageFigures> {
  const { folder, lines, seconds } = options;
  const [go, printed] = [path.join(folder, 'go'), path.join(folder, 'printed')];
  const scene = await openScene(agent, {
    folder,
    configuration: 'agent.package_manager.system_site_packages: true',
    files: { 'talk.py': programOf({ lines, go, printed }) },
  });
  try {
    const task = await scene.enqueue('talk.py');
    await until(async () => (await scene.logOf(task)).includes('READY'), {
      what: 'the program',
      timeoutMs: 120_000,
    });
    const before = residentMegabytes(scene.daemon.pid);
    const memory = watchMemory(scene.daemon.pid);
    scene.cut(true);
    writeFileSync(go, '');
    await until(() => existsSync(printed), { what: 'all lines', timeoutMs: 1_200_000 });
    await sleep(seconds * 1000);
    const away = memory.peak();
    scene.cut(false);
    const begun = Date.now();
    await scene.ended(task, 1_800_000);
    const drained = (lines * 1000) / (Date.now() - begun);
    memory.stop();
    return {
      growthAway: away - before,
      growthDraining: memory.peak() - before,
      drained,
      ...(await readBack(scene, task, lines)),
    };
  } finally {
    await scene.close();
  }
}

function programOf({ lines, go, printed }: { lines: number; go: string; printed: string }): string {
  return `import os, sys, time
print("READY", flush=True)
while not os.path.exists(${JSON.stringify(go)}):
    time.sleep(0.1)
for i in range(${lines}):
    sys.stdout.write(("line %d " % i).ljust(${LINE_BYTES - 1}, "x") + "\\n")
sys.stdout.flush()
open(${JSON.stringify(printed)}, "w").close()
`;
}

interface StoredEvent {
  msg: string;
  timestamp: number;
}

/** Reads the whole log, and gives the same events to the server again to learn how fast it takes them. */
async function readBack({ call }: Scene, task: string, lines: number) {
  const { id: copy } = await call<{ id: string }>('tasks.create', { name: 'copy', type: 'training' });
  const seen = { next: 0, wrong: 0, sendingMs: 0 };
  for await (const events of pagesOf(call, task)) {
    for (const [, number] of events
      .map(({ msg }) => msg)
      .join('')
      .matchAll(/^line (\d+) x+$/gm)) {
      if (Number(number) !== seen.next) seen.wrong += 1;
      seen.next = Number(number) + 1;
    }
    const again = events.map((event) => ({ ...event, type: 'log', task: copy }));
    const begun = performance.now();
    await call('events.add_batch', again);
    seen.sendingMs += performance.now() - begun;
  }
  return {
    wrongLines: seen.wrong + Math.abs(lines - seen.next),
    serverRate: (lines * 1000) / seen.sendingMs,
  };
}

async function* pagesOf(call: Scene['call'], task: string): AsyncGenerator<StoredEvent[]> {
  const query = { task, navigate_earlier: false, batch_size: PAGE_EVENTS };
  let from = {};
  for (;;) {
    const { events } = await call<{ events: StoredEvent[] }>('events.get_task_log', { ...query, ...from });
    const last = events.at(-1);
    if (last === undefined) return;
    yield events;
    from = { from_timestamp: last.timestamp };
  }
}
