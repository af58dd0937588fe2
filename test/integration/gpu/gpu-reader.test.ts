import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { cudaVersions } from '../../../src/gpu/cuda-version.js';
import { GpuReader } from '../../../src/gpu/gpu-reader.js';

const fixtures = path.join(import.meta.dirname, '../../fixtures');
const a100 = path.join(fixtures, 'nvidia-smi/driver-535-a100-mig');

/** A machine of its own: a folder with the tools that it has, a log of their calls, and no AMD library. */
async function machine(t: ExecutionContext) {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'gpu-reader-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const bin = path.join(folder, 'bin');
  await mkdir(bin);
  const calls = path.join(folder, 'calls');
  const warnings: string[] = [];
  const env = { PATH: `${bin}:/usr/bin:/bin`, ROCM_PATH: path.join(folder, 'rocm') };
  return {
    folder,
    warnings,
    reader: new GpuReader({ env, timeoutMs: 1500, warn: (line) => warnings.push(line) }),
    env,
    install: async (name: string, body: string) => {
      const file = path.join(bin, name);
      await writeFile(file, `#!/bin/sh\necho "$@" >> ${calls}\n${body}\n`);
      await chmod(file, 0o755);
    },
    remove: (name: string) => rm(path.join(bin, name)),
    calls: async () =>
      (await readFile(calls, 'utf8').catch(() => '')).split('\n').filter((line) => line !== ''),
  };
}

test('a machine without GPUs is asked once and says nothing', async (t) => {
  const { reader, warnings, install, calls } = await machine(t);
  t.is(await reader.read(), undefined);
  t.false(reader.active);
  await install('nvidia-smi', `cat ${a100}.xml`);
  t.is(await reader.read(), undefined);
  t.deepEqual([await calls(), warnings], [[], []]);
});

test('GPUs are read, the names of slices only when the slicing changes', async (t) => {
  const { reader, install, calls } = await machine(t);
  await install('nvidia-smi', `if [ "$1" = -L ]; then cat ${a100}.list.txt; else cat ${a100}.xml; fi`);
  const first = await reader.read();
  t.is(first?.cudaVersion, '12.2');
  t.deepEqual(
    first?.gpus.map((gpu) => gpu.mig?.name),
    ['3g.40gb', '1g.10gb', '1g.10gb', undefined],
  );
  t.deepEqual((await reader.read())?.gpus, first?.gpus);
  t.deepEqual(await calls(), ['-q -x', '-L', '-q -x']);
});

test('the CUDA version of the driver is asked for once', async (t) => {
  const { reader, install, calls } = await machine(t);
  await install('nvidia-smi', `if [ "$1" = -L ]; then cat ${a100}.list.txt; else cat ${a100}.xml; fi`);
  t.is(await reader.driverCuda(), '12.2');
  t.is(await reader.driverCuda(), '12.2');
  t.deepEqual(await calls(), ['-q -x', '-L']);
});

test('a machine whose driver finds no device has no GPU', async (t) => {
  const { reader, warnings, install } = await machine(t);
  await install('nvidia-smi', 'echo "No devices were found"; exit 6');
  t.is(await reader.read(), undefined);
  t.false(reader.active);
  t.deepEqual(warnings, []);
});

test('three failures in a row switch it off with one line', async (t) => {
  const { reader, warnings, install, calls } = await machine(t);
  await install('nvidia-smi', 'echo "Failed to initialize NVML: Driver/library version mismatch"; exit 18');
  await reader.read();
  await reader.read();
  await install('nvidia-smi', `cat ${a100}.xml`);
  t.is((await reader.read())?.gpus.length, 4, 'a success starts the count again');
  await install('nvidia-smi', 'echo "Failed to initialize NVML: Driver/library version mismatch"; exit 18');
  for (let at = 0; at < 5; at += 1) t.is(await reader.read(), undefined);
  t.deepEqual(warnings, [
    'GPU statistics are off after 3 errors: nvidia-smi ended with exit status 18: Failed to initialize NVML: Driver/library version mismatch',
  ]);
  t.is((await calls()).filter((line) => line === '-q -x').length, 6);
});

const VERSIONS: readonly [name: string, lines: string][] = [
  ['before 610', '<driver_version>610.12</driver_version><cuda_version>13.3</cuda_version>'],
  ['from 610 on', '<kmd_version>610.12</kmd_version><cuda_umd_version>13.3</cuda_umd_version>'],
  [
    'with both',
    '<driver_version>610.12</driver_version><kmd_version>610.12</kmd_version><cuda_version>N/A</cuda_version><cuda_umd_version>13.3</cuda_umd_version>',
  ],
  [
    'with a newer library than the kernel has',
    '<driver_version>610.12</driver_version><cuda_umd_version>13.3</cuda_umd_version><cuda_version>12.9</cuda_version>',
  ],
];

for (const [name, lines] of VERSIONS) {
  test(`versions of a driver ${name}`, async (t) => {
    const { reader, install } = await machine(t);
    await install(
      'nvidia-smi',
      `echo '<?xml version="1.0" ?><nvidia_smi_log>${lines}<attached_gpus>1</attached_gpus><gpu id="00000000:01:00.0"><uuid>GPU-1</uuid></gpu></nvidia_smi_log>'`,
    );
    const reading = await reader.read();
    t.deepEqual([reading?.driverVersion, reading?.cudaVersion], ['610.12', '13.3']);
    t.is(await reader.driverCuda(), '13.3');
  });
}

test('a tool that vanishes mid-run is an error, not a machine without GPUs', async (t) => {
  const { reader, warnings, install, remove } = await machine(t);
  await install('nvidia-smi', `cat ${fixtures}/nvidia-smi/driver-550-desktop.xml`);
  t.is((await reader.read())?.gpus.length, 2);
  await remove('nvidia-smi');
  for (let at = 0; at < 4; at += 1) t.is(await reader.read(), undefined);
  t.is(warnings.length, 1);
  t.regex(warnings[0] ?? '', /off after 3 errors: .*nvidia-smi/);
});

test('a tool that hangs is ended', async (t) => {
  const { reader, install } = await machine(t);
  await install('nvidia-smi', 'exec sleep 60');
  const started = Date.now();
  t.is(await reader.read(), undefined);
  t.true(Date.now() - started < 8000);
  t.true(reader.active);
});

test('an abort is the caller’s, not an error of the tool', async (t) => {
  const { reader, install } = await machine(t);
  await install('nvidia-smi', 'exec sleep 60');
  const stop = new AbortController();
  const reading = reader.read(stop.signal);
  setTimeout(() => stop.abort(new Error('shutting down')), 200);
  await t.throwsAsync(reading, { message: 'shutting down' });
  t.true(reader.active);
});

test('AMD GPUs are read where AMD’s library is installed', async (t) => {
  const { reader, folder, install, calls } = await machine(t);
  await mkdir(path.join(folder, 'rocm/lib'), { recursive: true });
  await writeFile(path.join(folder, 'rocm/lib/librocm_smi64.so'), '');
  await install('rocm-smi', `cat ${fixtures}/rocm-smi/rocm-5-two-mi100.json`);
  await install('nvidia-smi', 'exit 9');
  const reading = await reader.read();
  t.deepEqual(
    reading?.gpus.map((gpu) => gpu.vendor),
    ['amd', 'amd'],
  );
  t.is((await calls()).length, 1);
});

test('the compiler and its cuDNN are asked when there is no driver', async (t) => {
  const { folder, env, install } = await machine(t);
  await install('nvcc', 'echo "Cuda compilation tools, release 12.10, V12.10.44"');
  await mkdir(path.join(folder, 'include'));
  const header = path.join(folder, 'cudnn_version.h');
  await writeFile(header, '#define CUDNN_MAJOR 9\n#define CUDNN_MINOR 3\n#define CUDNN_PATCHLEVEL 0\n');
  await copyFile(header, path.join(folder, 'include/cudnn_version.h'));
  const request = { cuda: undefined, cudnn: undefined, cpuOnly: false, env };
  t.deepEqual(await cudaVersions({ ...request, driverVersion: async () => undefined }), {
    cuda: '1210',
    cudnn: '93',
  });
});

test('a card that is gone stays known under its own number, and a look says what is there', async (t) => {
  const { reader, install } = await machine(t);
  const two = path.join(fixtures, 'nvidia-smi/driver-470-two-t4.xml');
  await install('nvidia-smi', `cat ${two}`);
  await reader.read();
  const [first, second] = reader.known;
  await install('nvidia-smi', `awk '/<gpu id=/ { n++ } n != 1 || /<\\/nvidia_smi_log>/' ${two}`);
  t.is((await reader.read())?.gpus[0]?.index, 0, 'the tool counts from 0 again');
  t.deepEqual(
    reader.known.map(({ uuid, index }) => [uuid, index]),
    [
      [first?.uuid, 0],
      [second?.uuid, 1],
    ],
  );
  t.like(await reader.look(), { gpus: [{ uuid: second?.uuid }] });
  await install('nvidia-smi', 'echo "Unable to determine the device handle: GPU is lost" >&2; exit 15');
  t.regex(Object(await reader.look()).problem, /GPU is lost/);
});

test('driver 615 tells its version twice, and Hopper cards have no absolute temperature limits', async (t) => {
  const { reader, install } = await machine(t);
  await install('nvidia-smi', `cat ${fixtures}/nvidia-smi/driver-615-two-h200.xml`);
  const reading = await reader.read();
  t.deepEqual([reading?.driverVersion, reading?.cudaVersion], ['615.36.01', '13.4']);
  t.deepEqual(
    reading?.gpus.map(({ temperature, processes }) => [temperature, processes.length]),
    [
      [58, 0],
      [58, 1],
    ],
  );
});

test('the topology is asked for once, and a tool that fails has none', async (t) => {
  const { reader, install, calls } = await machine(t);
  await install('nvidia-smi', `cat ${fixtures}/nvidia-smi/topo-615-two-h200.txt`);
  t.deepEqual((await reader.topology())?.numaNodes, [0, 0]);
  await reader.topology();
  t.deepEqual(await calls(), ['topo -m']);
  for (const body of ['exit 3', 'exec sleep 60', 'echo garbage']) {
    const other = await machine(t);
    await other.install('nvidia-smi', body);
    t.is(await other.reader.topology(), undefined, body);
  }
});
