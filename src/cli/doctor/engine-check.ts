import { DRIVERS } from '../../drivers/registry.js';
import type { Check } from './check.js';

/** What the drivers say about the engines that tasks can run in. */
export const engineCheck: Check = {
  name: 'containers',
  title: 'Docker/Podman',
  async run({ config }) {
    const findings = await Promise.all(DRIVERS.map((one) => one.examine?.(config) ?? []));
    return findings.flat();
  },
};
