import { readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { affinityOf } from '../../../src/gpu/affinity.js';
import { parseTopology, type Topology } from '../../../src/gpu/topology.js';

const REPORTS = path.join(import.meta.dirname, '../../fixtures/nvidia-smi');

function topology(name: string): Topology {
  const parsed = parseTopology(readFileSync(path.join(REPORTS, `topo-${name}.txt`), 'utf8'));
  if (parsed === undefined) throw new Error(`${name} is not read`);
  return parsed;
}

test('driver 375: the older word for the way across sockets, no column for the NUMA node', (t) => {
  t.deepEqual(topology('375-four-k80'), {
    distances: [
      [0, 2, 6, 6],
      [2, 0, 6, 6],
      [6, 6, 0, 2],
      [6, 6, 2, 0],
    ],
    cpus: ['0-9,20-29', '0-9,20-29', '10-19,30-39', '10-19,30-39'],
    numaNodes: [undefined, undefined, undefined, undefined],
  });
});

test('driver 470: columns of network cards are left out, two links are nearer than one', (t) => {
  const { distances, cpus, numaNodes } = topology('470-eight-v100');
  t.deepEqual(distances[0], [0, 1.5, 1.5, 1 + 1 / 3, 1 + 1 / 3, 6, 6, 6]);
  t.deepEqual(
    distances.map((row) => row.length),
    Array(8).fill(8),
  );
  t.deepEqual([cpus[3], cpus[4]], ['0-19,40-59', '20-39,60-79']);
  t.deepEqual(numaNodes, [0, 0, 0, 0, 1, 1, 1, 1]);
});

test('driver 580: an underlined header, a column more', (t) => {
  const { distances, cpus, numaNodes } = topology('580-four-a100');
  t.deepEqual(distances[2], [6, 6, 0, 1 + 1 / 13]);
  t.deepEqual(cpus, ['0-23,48-71', '0-23,48-71', '24-47,72-95', '24-47,72-95']);
  t.deepEqual(numaNodes, [0, 0, 1, 1]);
});

test('driver 615: two cards over 18 links', (t) => {
  t.deepEqual(topology('615-two-h200').distances, [
    [0, 1 + 1 / 19],
    [1 + 1 / 19, 0],
  ]);
});

test('a virtual machine names no NUMA nodes', (t) => {
  const { cpus, numaNodes, distances } = topology('550-virtual');
  t.deepEqual(cpus, ['0-15', undefined]);
  t.deepEqual(numaNodes, [undefined, undefined]);
  t.is(distances[0]?.[1], 4);
});

test('another text is no topology', (t) => {
  for (const text of ['', 'Failed to initialize NVML', 'GPU0 CPU Affinity', '\tGPU0\tCPU Affinity\nGPU0\n'])
    t.is(parseTopology(text), undefined, text);
});

test('any text is read or refused', (t) => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (head, tail) => {
      const parsed = parseTopology(`${head}\tGPU0\tCPU Affinity\n${tail}\nGPU0\t X \t0-3\t0`);
      return parsed === undefined || parsed.distances.every((row) => row.length === parsed.cpus.length);
    }),
  );
  t.pass();
});

const NEAR = topology('470-eight-v100');
for (const [what, cards, allowed, expected] of [
  ['of one node', [0, 1], undefined, '0-19,40-59'],
  ['of two nodes', [3, 4], undefined, '0-79'],
  ['as far as this process may use them', [0], '4-7,18-45', '4-7,18-19,40-45'],
  ['that this process may not use', [0], '20-39', undefined],
  ['of no card', [], undefined, undefined],
  ['of a card that is not known', [0, 9], undefined, undefined],
] as const) {
  test(`the CPUs ${what}`, (t) => t.is(affinityOf(NEAR, cards, allowed), expected));
}
