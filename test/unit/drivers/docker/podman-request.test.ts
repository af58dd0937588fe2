import fs from 'node:fs';
import path from 'node:path';
import test from 'ava';
import type { CreateRequest, HostConfig } from '../../../../src/container/create-request.js';
import { hasLabels, sentLabels } from '../../../../src/drivers/docker/containers/label-filter.js';
import { podmanRequest, refuseMissingSources } from '../../../../src/drivers/docker/podman-request.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

const facts = { version: '5.8.2', runtimes: ['crun', 'runc'] };
const request = (HostConfig: HostConfig, Env?: string[]): CreateRequest => ({
  HostConfig,
  ...(Env === undefined ? {} : { Env }),
});

test('a bare name among the variables never takes the value of the service', (t) => {
  t.deepEqual(podmanRequest(request({}, ['A=1', 'HOME', 'B=']), facts), request({}, ['A=1', 'B=']));
});

const GPU = { Driver: '', Capabilities: [['gpu']] };

for (const [what, given, names] of [
  ['all', { ...GPU, Count: -1 }, ['nvidia.com/gpu=all']],
  ['a number of GPUs', { ...GPU, Count: 2 }, ['nvidia.com/gpu=0', 'nvidia.com/gpu=1']],
  ['GPUs by name', { ...GPU, DeviceIDs: ['1', '0:2'] }, ['nvidia.com/gpu=1', 'nvidia.com/gpu=0:2']],
  ['a CDI device', { Driver: 'cdi', DeviceIDs: ['amd.com/gpu=0'] }, ['amd.com/gpu=0']],
] as const) {
  const asked = request({ DeviceRequests: [structuredClone(given)] as HostConfig['DeviceRequests'] });
  test(`${what}: asked for by CDI name, refused where Podman would ignore it`, (t) => {
    const { HostConfig } = podmanRequest(asked, facts);
    t.deepEqual(HostConfig.DeviceRequests, [{ Driver: 'cdi', DeviceIDs: [...names] }]);
    for (const version of ['4.3.1', '4.9.5', '5.3.2']) {
      t.throws(() => podmanRequest(asked, { ...facts, version }), {
        message: `Podman ${version} gives containers no GPUs or other CDI devices through its API (${names.join(', ')})`,
      });
    }
    t.notThrows(() => podmanRequest(asked, { ...facts, version: '5.4.0' }));
  });
}

test('a runtime that Podman does not know is refused, which would ignore it', (t) => {
  t.throws(() => podmanRequest(request({ Runtime: 'nvidia' }), facts), {
    message: 'Podman has no runtime named nvidia',
  });
  t.notThrows(() => podmanRequest(request({ Runtime: 'crun' }), facts));
});

test('mount sources that do not exist are refused', (t) => {
  const folder = temporaryFolder(t);
  const file = path.join(folder, 'file');
  fs.writeFileSync(file, '');
  const bind = (Source: string, BindOptions = {}) => ({ Type: 'bind', Source, Target: '/x', BindOptions });
  for (const host of [
    { Binds: [`${folder}/none:/x`] },
    { Binds: [`${folder}:/y`, `${file}/below:/x:ro`] },
    { Mounts: [bind(`${folder}/none`)] },
  ]) {
    t.throws(() => refuseMissingSources(request(host)), { message: /the mount source \/.* does not exist$/ });
  }
  const made = { CreateMountpoint: true };
  const Mounts = [bind(file), bind(`${folder}/none`, made), { Type: 'volume', Source: 'v', Target: '/v' }];
  t.notThrows(() => refuseMissingSources(request({ Binds: [`${folder}:/x`, 'volume:/y'], Mounts })));
});

test('labels are compared exactly, whatever the engine takes for a pattern', (t) => {
  t.deepEqual(sentLabels(['a=1', 'b='], false), ['a=1', 'b=']);
  t.deepEqual(sentLabels(['a=/x[1]', 'b=', 'c*', 'd?=2'], true), ['a', 'b']);
  t.true(hasLabels({ a: '1', b: '', c: 'x=y' }, ['a', 'a=1', 'b=', 'c=x=y']));
  for (const wanted of ['a=', 'b=1', 'c*', 'toString', 'a=2'])
    t.false(hasLabels({ a: '1', b: '' }, [wanted]));
});
