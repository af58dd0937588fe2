import { watchIfPossible } from '../../os/file-watch.js';
import type { TableView } from './types.js';

export interface OthersWatch {
  folder: string;
  /** Of this process: its own changes are no news. */
  nonce: string;
  signal: AbortSignal;
  read(): Promise<TableView>;
  onChange(): void;
}

/** Changes of one moment are one event. */
const GATHER_MS = 50;
/** What the system does not announce is seen after this: a death, another folder in its place, no watches left. */
const LOOK_MS = 5_000;
const RECORD = /^(claim|reservation|out-of-service)-.*\.json$/;

/** @returns once the table was looked at first: later changes are events */
export async function watchOthers({ folder, nonce, signal, read, onChange }: OthersWatch): Promise<void> {
  let gather: NodeJS.Timeout | undefined;
  let known: string | undefined;
  const look = async (): Promise<void> => {
    gather = undefined;
    // A folder that cannot be read now is looked at again later.
    const seen = await read().then(
      (view) => ofOthers(view, nonce),
      () => known,
    );
    if (signal.aborted || seen === known) return;
    const first = known === undefined;
    known = seen;
    if (!first) onChange();
  };
  const soon = (_event: string, name: string | null): void => {
    if (name === null || RECORD.test(name)) gather ??= setTimeout(() => void look(), GATHER_MS).unref();
  };
  const watcher = watchIfPossible(folder, soon)?.unref();
  const poll = setInterval(() => void look(), LOOK_MS).unref();
  signal.addEventListener(
    'abort',
    () => {
      clearTimeout(gather);
      clearInterval(poll);
      watcher?.close();
    },
    { once: true },
  );
  await look();
}

function ofOthers({ claims, reservations, outOfService, damaged }: TableView, nonce: string): string {
  const foreign = [...claims, ...reservations].filter(({ holder }) => holder.nonce !== nonce);
  const texts = [...foreign, ...outOfService, ...damaged].map((one) => JSON.stringify(one));
  return texts.sort().join('\n');
}
