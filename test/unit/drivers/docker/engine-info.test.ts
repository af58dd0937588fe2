import test from 'ava';
import { type EngineInfo, offersNvidia } from '../../../../src/drivers/docker/connect/engine-info.js';

const cdi = (ID: string) => ({ Source: 'cdi', ID });
const CASES: readonly [info: EngineInfo, offers: boolean][] = [
  [{ Runtimes: { runc: {}, nvidia: {} } }, true],
  [{ Runtimes: { runc: {} }, DiscoveredDevices: [cdi('nvidia.com/gpu=0'), cdi('nvidia.com/gpu=all')] }, true],
  [{ Runtimes: { runc: {} }, DiscoveredDevices: [cdi('vendor.com/nic=0')] }, false],
  [{ Runtimes: { runc: {} }, DiscoveredDevices: null }, false],
  [{}, false],
];

for (const [info, offers] of CASES) {
  test(`an engine that offers GPUs or none: ${JSON.stringify(info)}`, (t) =>
    t.is(offersNvidia(info), offers));
}
