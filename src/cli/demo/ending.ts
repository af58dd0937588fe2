import { EventEmitter } from 'node:events';

export interface DemoEnding {
  /** Passes signals to the daemon. */
  signals: EventEmitter;
  /** Exit status of the first signal that ends the demonstration early. */
  readonly status: number | undefined;
}

const STATUSES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/**
 * Passes the signals of this process to the daemon of the demonstration.
 *
 * @param keep the demonstration runs until a signal, so a signal is its proper end
 */
export function watchSignals(keep: boolean): DemoEnding {
  const ending: { signals: EventEmitter; status: number | undefined } = {
    signals: new EventEmitter(),
    status: undefined,
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(name, () => {
      if (!keep) ending.status ??= STATUSES[name];
      // Ctrl-C lets a daemon finish its task first; the demonstration stops it.
      ending.signals.emit(keep ? name : 'SIGTERM');
    });
  return ending;
}
