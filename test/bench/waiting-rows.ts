import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DockerEngine } from '../support/docker-engine.js';
import type { Contender } from './contender.js';
import { type IdleFigures, type IdleOptions, measureIdle } from './idle-figures.js';
import { type IterationFigures, measureIterations } from './iteration-figures.js';
import type { Figure } from './table.js';

type Agents = readonly Contender[];

/** On a server as the released one, and on the embedded one, which says when a task is queued. */
export async function iterationRows([ours, original]: Agents, quick: boolean): Promise<Figure[]> {
  const times = quick ? { rounds: 3, everyMs: 5000 } : { rounds: 10, everyMs: 20_000 };
  const measure = (agent: Contender, plain: boolean) =>
    inFolder((folder) => measureIterations(agent, { ...times, folder, plain }));
  if (ours === undefined) return [];
  // One after the other: they would take the processor from each other.
  const plain = await measure(ours, true);
  const embedded = await measure(ours, false);
  const theirs = original && (await measure(original, true));
  const title = 'warm enqueue to first line while a person iterates';
  const row = (name: string, own: IterationFigures, key: keyof IterationFigures, goal: string): Figure => ({
    name: `${title}, ${name}`,
    unit: 's',
    ours: own[key],
    ...(theirs ? { original: theirs[key] } : {}),
    goal,
  });
  return [
    row('plain server, median', plain, 'median', '≤ 0.4 s'),
    row('plain server, 95 %', plain, 'late', '≤ 0.7 s'),
    row('embedded server, median', embedded, 'median', '≤ 0.2 s'),
    row('embedded server, 95 %', embedded, 'late', ''),
  ];
}

/** All at the same time, as they do nothing. */
export async function idleRows([ours, original]: Agents, quick: boolean): Promise<Figure[]> {
  const times = quick ? { idleMinutes: 1, minutes: 1 } : { idleMinutes: 10, minutes: 5 };
  const measure = (agent: Contender, options: Omit<IdleOptions, 'folder' | keyof typeof times>) =>
    inFolder((folder) => measureIdle(agent, { ...options, ...times, folder }));
  if (ours === undefined) return [];
  const engine = await DockerEngine.start();
  try {
    const containers = {
      flags: ['--docker', 'alpine'],
      variables: { DOCKER_HOST: `unix://${engine.socket}` },
      plain: true,
    };
    const [plain, embedded, container, theirs] = await Promise.all([
      measure(ours, { plain: true }),
      measure(ours, {}),
      measure(ours, containers),
      original && measure(original, { plain: true }),
    ]);
    const title = `idle for ${times.idleMinutes} minutes`;
    const rows = (name: string, own: IdleFigures, memory: string): Figure[] =>
      [
        figure(`${title}, ${name}: requests a minute`, '/min', 'requestsPerMinute', '≤ 12'),
        figure(`${title}, ${name}: CPU`, '%', 'cpuPercent', '≤ 0.05 %'),
        figure(`${title}, ${name}: resident memory`, 'MB', 'megabytes', memory),
      ].map(({ key, ...row }) => ({ ...row, ours: own[key], ...(theirs ? { original: theirs[key] } : {}) }));
    return [
      ...rows('plain server', plain, '≤ 54 MB'),
      ...rows('embedded server', embedded, '≤ 54 MB'),
      ...rows('containers', container, '≤ 58 MB'),
    ];
  } finally {
    await engine.stop();
  }
}

function figure(name: string, unit: string, key: keyof IdleFigures, goal: string) {
  return { name, unit, key, goal };
}

async function inFolder<T>(measure: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(path.join(tmpdir(), 'bench-'));
  try {
    return await measure(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
