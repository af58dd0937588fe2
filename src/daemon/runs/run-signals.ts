import { onAbort } from '../../os/on-abort.js';
import type { RunSignals } from '../../task/context.js';
import type { Ending } from '../ending.js';

/** What may end one run, which may differ from run to run while the daemon ends. */
export interface OwnSignals {
  signals: RunSignals;
  /** The command runs from now on. */
  launched(): void;
  /** The run is over. */
  close(): void;
}

/**
 * Services that run are left alone by a daemon that ends, unless its operator asked for their end; those that are being
 * set up are stopped.
 */
export function signalsOfRun(shutdown: Ending, isService = true): OwnSignals {
  if (!shutdown.leavesRunning || !isService)
    return { signals: shutdown, launched: () => undefined, close: () => undefined };
  const stop = new AbortController();
  const handOver = new AbortController();
  const state = { launched: false };
  const onStop = () => (state.launched && shutdown.sparesServices ? handOver : stop).abort();
  const onHandOver = () => handOver.abort();
  if (shutdown.stop.aborted) onStop();
  if (shutdown.handOver.aborted) onHandOver();
  const listening = [onAbort(shutdown.stop, onStop), onAbort(shutdown.handOver, onHandOver)];
  return {
    signals: {
      stop: stop.signal,
      kill: shutdown.kill,
      handOver: handOver.signal,
      get order() {
        return shutdown.order;
      },
    },
    launched: () => {
      state.launched = true;
    },
    close: () => {
      for (const end of listening) end();
    },
  };
}
