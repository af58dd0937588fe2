import { splitWeight } from '../../daemon/queues/weights.js';
import type { RegisteredDaemon } from '../../runs/registry.js';

/**
 * Entries of `--queue` that a daemon does not serve, as typed. A name may be typed with its weight and size, as for the start of
 * the daemon.
 */
export function unservedQueues(
  typed: readonly string[],
  { queues, queueIds }: Pick<RegisteredDaemon, 'queues' | 'queueIds'>,
): string[] {
  // The daemon's record is damaged, or it has not asked the server yet which queue is the default.
  if (queues.length === 0) return [];
  // Names as typed until the server has resolved them.
  const known = queueIds === undefined ? queues.flatMap(readings) : [...queues, ...queueIds];
  const served = new Set(known.map((name) => name.toLowerCase()));
  return typed.filter((text) => !readings(text).some((name) => served.has(name.toLowerCase())));
}

/** One line for the user; `undefined` where all are served. */
export function unservedLine(
  typed: readonly string[],
  daemon: Pick<RegisteredDaemon, 'workerId' | 'queues' | 'queueIds'>,
): string | undefined {
  const unserved = unservedQueues(typed, daemon);
  if (unserved.length === 0) return undefined;
  const named = unserved.map((text) => `"${text}"`).join(', ');
  return `${daemon.workerId}, which was chosen by its worker id and not by --queue, does not serve ${named}; it serves ${daemon.queues.join(', ')}`;
}

/** What an entry of `--queue` may name. */
function readings(text: string): string[] {
  const equals = text.lastIndexOf('=');
  const names = equals > 0 ? [text, text.slice(0, equals)] : [text];
  return names.flatMap((name) => [name, splitWeight(name)?.name ?? name]);
}
