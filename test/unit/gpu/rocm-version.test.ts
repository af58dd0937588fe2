import fs from 'node:fs';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { rocmVersion } from '../../../src/gpu/rocm-version.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

/** A file system with these files. */
function rootWith(t: ExecutionContext, files: Record<string, string>): string {
  const root = temporaryFolder(t);
  for (const [name, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    fs.writeFileSync(path.join(root, name), text);
  }
  return root;
}

const AMD = { 'dev/kfd': '' };

test('the installation says the version of ROCm', async (t) => {
  const root = rootWith(t, { ...AMD, 'opt/rocm/.info/version': '6.2.4-116\n', 'opt/rocm-5.7.1/x': '' });
  t.deepEqual(await rocmVersion({}, root), [6, 2]);
  const elsewhere = rootWith(t, { ...AMD, 'usr/rocm/.info/version-dev': '5.10.0' });
  t.deepEqual(await rocmVersion({ ROCM_PATH: '/usr/rocm' }, elsewhere), [5, 10]);
});

test('without it the highest folder applies, and without any the newest known version', async (t) => {
  const folders = { 'opt/rocm-5.7.1/x': '', 'opt/rocm-6.10.0/x': '', 'opt/rocm-6.9.2/x': '' };
  t.deepEqual(await rocmVersion({}, rootWith(t, { ...AMD, ...folders })), [6, 10]);
  t.deepEqual(await rocmVersion({}, rootWith(t, AMD)), [6, 4]);
});

test('a machine without AMD GPUs, or with NVIDIA GPUs beside them, has none', async (t) => {
  t.is(await rocmVersion({}, rootWith(t, { 'opt/rocm/.info/version': '6.2.4' })), undefined);
  t.is(await rocmVersion({}, rootWith(t, { ...AMD, 'dev/nvidia0': '' })), undefined);
});
