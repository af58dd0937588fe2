import test from 'ava';
import { parseCpu, parseDisks, parseMemory, parseNetwork } from '../../../src/monitor/proc-files.js';

test('processor time: waiting for a disk is no work, guest time is not counted twice', (t) => {
  const stat = 'cpu  1000 50 300 8000 600 10 40 0 200 0\ncpu0 500 25 150 4000 300 5 20 0 100 0\nctxt 1\n';
  t.deepEqual(parseCpu(stat), { total: 10_000, busy: 1400 });
});

test('memory: what a new program could have is free', (t) => {
  const meminfo =
    'MemTotal:  16384 kB\nMemFree:  1024 kB\nMemAvailable:  8192 kB\nBuffers: 1 kB\nCached: 2 kB\n';
  t.deepEqual(parseMemory(meminfo), { used: 8, free: 8 });
  const old = 'MemTotal:  16384 kB\nMemFree:  1024 kB\nBuffers:  1024 kB\nCached:  2048 kB\n';
  t.deepEqual(parseMemory(old), { used: 12, free: 4 });
});

test('disks: sectors of 512 bytes, of whole disks only', (t) => {
  const diskstats = [
    ' 259       0 nvme0n1 100 0 2048 5 200 0 4096 7 0 9 12 0 0 0 0 0 0',
    ' 259       1 nvme0n1p1 100 0 2048 5 200 0 4096 7 0 9 12 0 0 0 0 0 0',
    ' 253       0 dm-0 100 0 2048 5 200 0 4096 7 0 9 12',
    '   8       0 sda 1 0 2 5 1 0 4 7 0 9 12',
    '',
  ].join('\n');
  t.deepEqual(
    parseDisks(diskstats, (name) => ['nvme0n1', 'sda'].includes(name)),
    { read: 2050 * 512, written: 4100 * 512 },
  );
});

test('network: what leaves the machine, once', (t) => {
  const dev = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo: 900 1 0 0 0 0 0 0 900 1 0 0 0 0 0 0
  eth0: 100 1 0 0 0 0 0 0 200 1 0 0 0 0 0 0
  ib0:10 1 0 0 0 0 0 0 20 1 0 0 0 0 0 0
docker0: 50 1 0 0 0 0 0 0 60 1 0 0 0 0 0 0
veth12a: 50 1 0 0 0 0 0 0 60 1 0 0 0 0 0 0
`;
  t.deepEqual(parseNetwork(dev), { received: 110, sent: 220 });
});
