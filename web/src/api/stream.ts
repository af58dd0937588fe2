import { signal } from '@preact/signals';
import { at } from '../base.js';
import { sessionEnded } from './session.js';
import { LiveCore, type LiveMessage, type LiveState, type Wanted } from './stream-core.js';
import type { TabMessage } from './stream-worker.js';

export interface LogLine {
  /** Grows within a log. */
  n: number;
  /** Milliseconds. */
  timestamp: number;
  level?: string;
  worker?: string;
  msg?: string;
}

export interface LogListener {
  /** @param isTail these are the last lines of what there was; else new ones */
  lines(lines: LogLine[], isTail: boolean): void;
  /** Lines were removed or lost: forget what is shown, and read the log again. */
  reread(): void;
}

/** A task that changed; `deleted`, or the fields that lists show. */
export interface ChangedTask {
  id: string;
  deleted?: true;
  name?: string;
  status?: string;
  project?: string | null;
  last_iteration?: number | null;
  last_update?: string;
}

export interface Changes {
  tasks?: ChangedTask[];
  queues?: string[];
  workers?: string[];
}

export type ChangeKind = 'tasks' | 'queues' | 'workers';

export interface ChangeListener {
  changed(changes: Changes): void;
  /** Changes may have been missed: read again. Comes once at the beginning, too. */
  reread(): void;
}

/** Whether the live stream stands. */
export const liveState = signal<LiveState>('connecting');

/** Takes subscriptions and gives messages: a worker that all tabs share, or the stream itself. */
interface Source {
  add(wanted: Wanted): void;
  remove(key: string): void;
}

type Handler = (message: Exclude<LiveMessage, { type: 'state' }>) => void;

const ALIVE_MS = 20_000;

const handlers = new Map<string, Handler>();
let source: Source | undefined;

function hear(message: LiveMessage): void {
  if (message.type !== 'state') {
    handlers.get(message.key)?.(message);
    return;
  }
  liveState.value = message.state;
  if (message.state === 'signed-out') sessionEnded();
}

function openSource(): Source {
  const url = new URL(at('/api/events.get_live'), location.href).href;
  if (typeof SharedWorker === 'undefined') return new LiveCore(url, hear);
  const worker = new SharedWorker(new URL('./stream-worker.ts', import.meta.url), { type: 'module' });
  const { port } = worker;
  const say = (message: TabMessage) => port.postMessage(message);
  port.onmessage = ({ data }: MessageEvent<LiveMessage>) => hear(data);
  say({ type: 'open', url });
  setInterval(() => say({ type: 'alive' }), ALIVE_MS);
  addEventListener('pagehide', () => say({ type: 'bye' }));
  // A page that comes back from the browser's cache has said goodbye.
  addEventListener('pageshow', ({ persisted }) => {
    if (persisted) location.reload();
  });
  return {
    add: (wanted) => say({ type: 'add', wanted }),
    remove: (key) => say({ type: 'remove', key }),
  };
}

function subscribe(wanted: Omit<Wanted, 'key'>, handler: Handler): () => void {
  source ??= openSource();
  const key = crypto.getRandomValues(new Uint32Array(3)).join('-');
  handlers.set(key, handler);
  source.add({ key, ...wanted });
  return () => {
    handlers.delete(key);
    source?.remove(key);
  };
}

/** Follows the log of a task. @returns ends it */
export function onLog(task: string, { tail }: { tail?: number }, listener: LogListener): () => void {
  return subscribe({ log: task, tail }, (message) => {
    if (message.type === 'reread') listener.reread();
    else listener.lines(message.event.data.lines as LogLine[], message.event.name === 'tail');
  });
}

/** Follows changes: of all tasks, queues or workers, and of single tasks. @returns ends it */
export function onChange(
  wanted: { kinds?: readonly ChangeKind[]; tasks?: readonly string[] },
  listener: ChangeListener,
): () => void {
  return subscribe(wanted, (message) => {
    if (message.type === 'reread') listener.reread();
    else listener.changed(message.event.data as Changes);
  });
}
