import { onAbort } from '../../os/on-abort.js';
import type { RunSignals, StopOrder } from '../../task/context.js';
import type { Ending } from '../ending.js';

/** What may end one run, which may differ from run to run. */
export interface OwnSignals {
  signals: RunSignals;
  /**
   * Ends this run alone.
   *
   * @returns false for a run that is being ended already
   */
  stop(order: StopOrder): boolean;
  /** The command runs from now on. */
  launched(): void;
  /** The run is over. */
  close(): void;
}

/**
 * A daemon that ends ends its runs, an operator may end one of them alone. Services that run are left alone by a daemon
 * that ends, unless its operator asked for their end; those that are being set up are stopped.
 *
 * @param isService false for a run in a slot or on GPUs, which ends with its daemon
 */
export function signalsOfRun(shutdown: Ending, isService = true): OwnSignals {
  const stop = new AbortController();
  const handOver = new AbortController();
  const state: { launched: boolean; order?: StopOrder } = { launched: false };
  const onStop = () => (isService && state.launched && shutdown.sparesServices ? handOver : stop).abort();
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
        return state.order ?? shutdown.order;
      },
    },
    stop: (order) => {
      if (stop.signal.aborted || handOver.signal.aborted) return false;
      state.order = order;
      stop.abort();
      return true;
    },
    launched: () => {
      state.launched = true;
    },
    close: () => {
      for (const end of listening) end();
    },
  };
}
