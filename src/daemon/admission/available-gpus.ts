import type { WorkersApi } from '../../api/workers.js';
import { outOfServiceText } from '../../gpu/claims/gpu-states.js';
import { AVAILABLE_GPUS, writeAvailable } from '../../gpu/dynamic-gpus.js';
import type { Admission } from './admission.js';

export interface AvailableGpusOptions {
  admission: Pick<Admission, 'free' | 'onChange' | 'outOfService' | 'watchTable'>;
  workers: Pick<WorkersApi, 'setRuntimeProperties'>;
  workerId: string;
}

/** The worker's runtime property of this name holds the devices that get no task, and why: `3 (Xid 79)`. */
const OUT_OF_SERVICE_GPUS = 'out_of_service_gpus';

/**
 * Shows the free part of each GPU as a runtime property of the daemon's worker, as the original does. Nothing depends on
 * it.
 */
export class AvailableGpus {
  readonly #options: AvailableGpusOptions;
  #stale = false;
  #busy = false;

  constructor(options: AvailableGpusOptions) {
    this.#options = options;
  }

  begin(): void {
    const { admission } = this.#options;
    admission.onChange(() => this.#changed());
    // Without it, devices are still shown as tasks begin and end.
    void admission.watchTable().catch(() => undefined);
    this.#changed();
  }

  /** A change while a call is under way causes one more. */
  #changed(): void {
    this.#stale = true;
    if (!this.#busy) void this.#publish();
  }

  async #publish(): Promise<void> {
    const { admission, workers, workerId } = this.#options;
    this.#busy = true;
    while (this.#stale) {
      this.#stale = false;
      try {
        const value = writeAvailable(await admission.free());
        const runtime_properties = [
          { key: AVAILABLE_GPUS, value },
          { key: OUT_OF_SERVICE_GPUS, value: outOfServiceText(await admission.outOfService()) },
        ];
        await workers.setRuntimeProperties({ worker: workerId, runtime_properties }, { retry: 'none' });
      } catch {
        // The next change tells it again.
      }
    }
    this.#busy = false;
  }
}
