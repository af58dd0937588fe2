import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import type { ExecutionContext } from 'ava';
import { checkoutRepository } from '../../../src/repository/checkout.js';
import { listMirrors } from '../../../src/repository/mirror-collection.js';
import { CheckoutBench } from '../../support/checkout-bench.js';
import { GitRepository } from '../../support/git-repository.js';
import { onSmallDisk, smallDisk } from '../../support/small-disk.js';
import { troubleshootingLine } from '../../support/troubleshooting.js';

interface Disk {
  b: CheckoutBench;
  source: GitRepository;
  disk: string;
}

function disk(t: ExecutionContext, megabytes: number): Disk {
  const b = new CheckoutBench();
  t.teardown(() => b.remove());
  const source = new GitRepository(path.join(b.folder, 'origin'));
  source.commit({ big: randomBytes(3_000_000) });
  return { b, source, disk: smallDisk(t, megabytes) };
}

onSmallDisk('a full disk is named, and leaves neither a mirror nor its parts', async (t) => {
  const { b, source, disk: folder } = disk(t, 1);
  const request = b.request({ repository: source.folder });
  const message = troubleshootingLine('disk-full-during-clone', { address: source.folder });
  await t.throwsAsync(checkoutRepository({ ...request, cacheFolder: folder }), {
    code: 'DISK_FULL',
    message,
  });
  t.deepEqual(await listMirrors(folder), []);
  t.deepEqual(readdirSync(path.join(folder, 'mirrors')), []);
  const workspace = path.join(folder, 'w');
  await t.throwsAsync(checkoutRepository({ ...request, workspace }), { code: 'DISK_FULL' });
  t.truthy((await checkoutRepository(request)).commit);
});

onSmallDisk('a workspace on another file system gets copies in the place of links', async (t) => {
  const { b, source, disk: folder } = disk(t, 40);
  const request = { ...b.request({ repository: source.folder }), workspace: path.join(folder, 'w') };
  t.truthy((await checkoutRepository(request)).commit);
});
