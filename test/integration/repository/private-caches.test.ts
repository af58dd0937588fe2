import { mkdirSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { isFirstTime } from '../../../src/os/first-time.js';
import { CheckoutBench } from '../../support/checkout-bench.js';
import { GitRepository } from '../../support/git-repository.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const bench = new CheckoutBench();
test.after.always(() => bench.remove());

const mode = (file: string): string => (statSync(file).mode & 0o777).toString(8);

test.serial('other users of the machine do not see into the mirrors of repositories', async (t) => {
  const before = process.umask(0o022);
  t.teardown(() => process.umask(before));
  const mirrors = path.join(bench.cacheFolder, 'mirrors');
  mkdirSync(mirrors, { recursive: true });
  const source = new GitRepository(path.join(temporaryFolder(t), 'source'));
  source.commit({ 'main.py': 'print(1)\n' });
  await bench.checkout({ repository: source.folder });
  const [name = ''] = readdirSync(mirrors).filter((one) => one.endsWith('.git'));
  t.deepEqual([mode(mirrors), mode(path.join(mirrors, name))], ['700', '700']);
});

test.serial('nor which hosts the agent has warned of', async (t) => {
  const before = process.umask(0o022);
  t.teardown(() => process.umask(before));
  const folder = path.join(temporaryFolder(t), 'credential-hosts');
  t.true(await isFirstTime(folder, 'host.example'));
  t.deepEqual([mode(folder), mode(path.join(folder, 'host.example'))], ['700', '600']);
});
