import test from 'ava';
import { cudaVersions, versionDigits } from '../../../src/gpu/cuda-version.js';

for (const [text, expected] of [
  ['11.2', '112'],
  ['11.2.89', '112'],
  ['12.10', '1210'],
  ['118', '118'],
  ['92', '92'],
  ['12', '120'],
  ['0', '0'],
  ['8.9.2', '89'],
  ['twelve', undefined],
  ['', undefined],
  [undefined, undefined],
] as const) {
  test(`version ${text} is ${expected}`, (t) => {
    t.is(versionDigits(text), expected);
  });
}

const nowhere = { PATH: '/nonexistent' };

test('the driver is asked only when the configuration does not say', async (t) => {
  const asked: string[] = [];
  const driverVersion = async () => {
    asked.push('driver');
    return '12.4';
  };
  const request = { cuda: undefined, cudnn: undefined, cpuOnly: false, env: nowhere, driverVersion };
  t.deepEqual(await cudaVersions({ ...request, cuda: '11.8', cudnn: '8.6' }), { cuda: '118', cudnn: '86' });
  t.deepEqual(await cudaVersions({ ...request, cuda: '0', cudnn: '0' }), { cuda: '0', cudnn: '0' });
  t.deepEqual(await cudaVersions({ ...request, cpuOnly: true }), { cuda: '0', cudnn: '0' });
  t.deepEqual(asked, []);
  t.deepEqual(await cudaVersions({ ...request, cuda: '0' }), { cuda: '124', cudnn: '0' });
  t.deepEqual(asked, ['driver']);
});

test('nothing found is 0, nonsense is refused', async (t) => {
  const request = { cudnn: undefined, cpuOnly: false, env: nowhere, driverVersion: async () => undefined };
  t.deepEqual(await cudaVersions({ ...request, cuda: '' }), { cuda: '0', cudnn: '0' });
  const error = await t.throwsAsync(cudaVersions({ ...request, cuda: 'latest' }));
  t.like(error, {
    code: 'CONFIG_VALUE',
    message: 'agent.cuda_version: expected a version such as 12.4 or 124, found "latest"',
  });
});
