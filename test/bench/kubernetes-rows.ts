import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { measureBeside } from './kubernetes-beside-figures.js';
import { measureManyPods } from './kubernetes-pods-figures.js';
import { measurePodStarts } from './kubernetes-start-figures.js';
import type { Figure } from './table.js';

async function inFolder<T>(measure: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(path.join(tmpdir(), 'bench-kubernetes-'));
  try {
    return await measure(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Of ours alone, on a cluster on this machine whose nodes are those of KWOK. */
export async function manyPodsRows(pods: number): Promise<Figure[]> {
  const found = await inFolder((folder) => measureManyPods({ folder, pods }));
  const many = `${pods} pods on 100 nodes`;
  return [
    { name: `${many}: until all have started`, unit: 's', ours: found.started },
    { name: `${many}: CPU of the daemon meanwhile`, unit: '%', ours: found.cpuPercent, goal: '≤ 30 %' },
    { name: `${many}: CPU of the daemon afterwards`, unit: '%', ours: found.idlePercent },
    { name: `${many}: most memory of the daemon`, unit: 'MB', ours: found.megabytes, goal: '≤ 200 MB' },
  ];
}

/** Of ours alone, on a cluster of one real node on this machine. */
export async function podStartRows(rounds: number): Promise<Figure[]> {
  const found = await inFolder((folder) => measurePodStarts({ folder, rounds }));
  const beyond = found.firstLine - found.emptyPod;
  return [
    { name: 'create to the first command of an empty pod', unit: 's', ours: found.emptyPod },
    { name: "pull to the first command of a task's pod", unit: 's', ours: found.inPod },
    { name: "pull to a task's first line on the server", unit: 's', ours: found.firstLine },
    { name: 'first line beyond the empty pod', unit: 's', ours: beyond, goal: '≤ 1 s' },
    ...Object.entries(found.phases).map(([phase, ours]): Figure => {
      return { name: `mean of the phase ${phase}`, unit: 's', ours };
    }),
  ];
}

/** Beside the original's Kubernetes glue, on the same cluster. */
export async function besideRows(original: string | undefined): Promise<Figure[]> {
  if (original === undefined)
    throw new Error('kubernetes-glue compares with the original: give --original PYTHON');
  const found = await inFolder((folder) => measureBeside({ folder, python: original }));
  const row = (name: string, unit: string, figure: keyof typeof found.ours): Figure => ({
    name,
    unit,
    ours: found.ours[figure],
    original: found.original[figure],
  });
  return [
    row("enqueue to a task's first line on the server", 's', 'firstLine'),
    row('ten aborted tasks: until their pods are gone', 's', 'gone'),
    row('ten aborted tasks: pods and secrets left', '', 'left'),
  ];
}
