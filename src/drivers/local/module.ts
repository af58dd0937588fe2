import type { DriverModule } from '../module.js';
import { LOCAL, LOCAL_REF_VERSION, localRef } from './local-ref.js';

/** Tasks run on this machine itself; every agent has it. */
export const localModule: DriverModule = {
  kind: LOCAL,
  refVersion: LOCAL_REF_VERSION,
  where: 'on this machine',
  flags: [],
  choose: () => undefined,

  async open({ config, signal }) {
    const { LocalDriver } = await import('./local-driver.js');
    return new LocalDriver({ environment: config.env, signal });
  },

  async processes(place, workload) {
    const local = localRef(place);
    if (local === undefined) return [];
    const { livingPids } = await import('./workload-processes.js');
    return livingPids(local, { ...workload });
  },
};
