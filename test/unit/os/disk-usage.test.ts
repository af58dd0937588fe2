import { writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { isDiskFull } from '../../../src/os/disk-usage.js';
import { onSmallDisk, smallDisk } from '../../support/small-disk.js';

onSmallDisk('a disk is full when a write finds no block', async (t) => {
  const disk = smallDisk(t, 1);
  t.false(await isDiskFull(disk));
  t.throws(() => writeFileSync(path.join(disk, 'ballast'), Buffer.alloc(2 * 1024 * 1024)), {
    code: 'ENOSPC',
  });
  t.true(await isDiskFull(disk));
});

test('a folder that is gone is on no full disk', async (t) => {
  t.false(await isDiskFull('/nowhere/at/all'));
});
