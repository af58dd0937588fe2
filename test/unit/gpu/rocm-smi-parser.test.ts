import fs from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { parseRocmSmi } from '../../../src/gpu/rocm-smi-parser.js';

const folder = path.join(import.meta.dirname, '../../fixtures/rocm-smi');
const report = (name: string) => parseRocmSmi(fs.readFileSync(path.join(folder, `${name}.json`), 'utf8'));

test('ROCm 5: cards in the order of their numbers', (t) => {
  const { driverVersion, gpus } = report('rocm-5-two-mi100');
  t.is(driverVersion, '5.18.13');
  t.deepEqual(gpus[1], {
    vendor: 'amd',
    index: 1,
    uuid: '0x5c88a1f20b67d3e1',
    name: 'Arcturus GL-XL [Instinct MI100]',
    temperature: 48,
    fanSpeed: undefined,
    utilization: 37,
    powerDraw: 131,
    powerLimit: 290,
    memoryUsed: 10246,
    memoryFree: 22506,
    memoryTotal: 32752,
    processes: [],
  });
  t.is(gpus[0]?.index, 0);
});

test('ROCm 6: other names, a warning in front, values that are not there', (t) => {
  const [mi300, radeon] = report('rocm-6-mi300x-and-radeon').gpus;
  t.like(mi300, { name: 'AMD Instinct MI300X OAM', temperature: 62, powerDraw: 412, utilization: 98 });
  t.like(radeon, { uuid: '55069', temperature: 45, fanSpeed: 20, utilization: undefined });
});

test('refused: no JSON', (t) => {
  const error = t.throws(() =>
    parseRocmSmi('ERROR:root:Driver not initialized (amdgpu not found in modules)'),
  );
  t.like(error, { code: 'GPU_TOOL' });
  t.regex(error.message, /got "ERROR:root:Driver not initialized/);
});
