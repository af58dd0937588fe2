import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { REQUEST_ERRORS, type Traffic } from '../api/traffic.js';
import type { Figure } from '../monitor/figures.js';

/** Requests to the API server; every class of error is there from the first request of its service on. */
export function trafficFigures(worker: string, { services }: Traffic): Figure[] {
  return [...services].flatMap(([service, { requests, errors }]): Figure[] => [
    {
      name: 'clearml_agent_api_requests_total',
      help: 'Requests to the ClearML server, by service.',
      kind: 'counter',
      value: requests,
      labels: { worker, service },
    },
    ...REQUEST_ERRORS.map((kind): Figure => {
      return {
        name: 'clearml_agent_api_errors_total',
        help: 'Requests to the ClearML server that failed, by service and class.',
        kind: 'counter',
        value: errors[kind],
        labels: { worker, service, class: kind },
      };
    }),
  ]);
}

/** Hooks that failed; only those that are configured. */
export function hookFigures(worker: string, failures: ReadonlyMap<string, number>): Figure[] {
  return [...failures].map(([hook, value]) => ({
    name: 'clearml_agent_hook_failures_total',
    help: 'Hooks that failed, by hook.',
    kind: 'counter',
    value,
    labels: { worker, hook },
  }));
}

/** What the daemon saw in its queues at its last look. */
export function queueFigures(worker: string, lengths: ReadonlyMap<string, number>): Figure[] {
  return [...lengths].map(([queue, value]) => ({
    name: 'clearml_agent_queue_length',
    help: 'Tasks that wait in a queue that this daemon pulls from, at its last look.',
    kind: 'gauge',
    value,
    labels: { worker, queue },
  }));
}

/** @param limit tasks at once; `Infinity` without a limit */
export function slotFigures(
  worker: string,
  { running, limit }: { running: number; limit: number },
): Figure[] {
  const gauge = (name: string, help: string, value: number): Figure => {
    return { name: `clearml_agent_slots${name}`, help, kind: 'gauge', value, labels: { worker } };
  };
  return [
    gauge('', 'Tasks that this daemon may run at once.', limit),
    gauge('_used', 'Slots that a task has.', running),
  ];
}

/** Bytes of console that wait on the disk in the folders of runs, what the server has and is not removed yet included. */
export async function spoolFigures(worker: string, logFolders: readonly string[]): Promise<Figure[]> {
  const sizes = await Promise.all(logFolders.map(folderSize));
  return [
    {
      name: 'clearml_agent_spool_bytes',
      help: 'Size of the console of tasks on the disk of this machine.',
      kind: 'gauge',
      value: sizes.reduce((sum, size) => sum + size, 0),
      labels: { worker },
    },
  ];
}

async function folderSize(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  const sizes = await Promise.all(
    names.map((name) =>
      stat(path.join(folder, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
