import { access, constants, stat, statfs } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { isAgentError } from '../../errors.js';
import { missingDevices } from '../../gpu/allocation.js';
import { GpuReader } from '../../gpu/gpu-reader.js';
import { gpuVisibility, selectedDevices } from '../../gpu/visibility.js';
import { run } from '../../os/exec.js';
import { exists } from '../../os/files.js';
import { expandHome, stateFolder } from '../../os/paths.js';
import { type Check, type DoctorContext, type Finding, ok, problem, warning } from './check.js';

const GIB = 1024 ** 3;
/** A virtual environment with PyTorch takes about 6 GB. */
const DISK = { warning: 10 * GIB, problem: GIB };

export const diskCheck: Check = {
  name: 'disk',
  title: 'Disk',
  async run({ config, home }): Promise<Finding[]> {
    const folders = [stateFolder(config.env, home), expandHome(config.agent.venvsDir, home), os.tmpdir()];
    const found = new Map<number, Finding>();
    const denied: Finding[] = [];
    for (const folder of folders) {
      const there = await nearest(folder);
      if (await isClosed(there)) {
        denied.push(problem(`this user cannot write ${folder}: ${there} takes no new files`, OTHER_FOLDER));
      }
      const { dev } = await stat(there);
      if (!found.has(dev)) found.set(dev, await freeIn(there));
    }
    return [...denied, ...found.values()];
  },
};

/** A folder that is not there yet will be made in the nearest one that is. */
async function nearest(folder: string): Promise<string> {
  const there = await exists(folder);
  return there ? folder : nearest(path.dirname(folder));
}

const OTHER_FOLDER =
  'Run the agent as another user, or name other folders: HOME, CLEARML_AGENT_STATE_DIR, agent.venvs_dir, TMPDIR.';

/** /proc passes the access check of root, but nothing can be written there. */
async function isClosed(folder: string): Promise<boolean> {
  if (!(await stat(folder)).isDirectory()) return true;
  if ((await statfs(folder)).blocks === 0) return true;
  return access(folder, constants.W_OK).then(
    () => false,
    () => true,
  );
}

async function freeIn(folder: string): Promise<Finding> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const text = `${(free / GIB).toFixed(1)} GiB free in ${folder}`;
  const fix = 'Remove old environments and caches below ~/.clearml, or move them to a larger disk.';
  if (free < DISK.problem) return problem(text, fix);
  return free < DISK.warning ? warning(text, fix) : ok(text);
}

export const gpuCheck: Check = {
  name: 'gpu',
  title: 'GPUs',
  async run({ config, signal }): Promise<Finding[]> {
    const complaints: string[] = [];
    const reader = new GpuReader({ env: config.env, warn: (line) => complaints.push(line) });
    let reading = await reader.read(signal);
    for (let tries = 1; reading === undefined && reader.active && tries < 3; tries += 1) {
      reading = await reader.read(signal);
    }
    if (complaints[0] !== undefined) return [problem(complaints[0], 'Run nvidia-smi (rocm-smi) by hand.')];
    const { visible } = gpuVisibility({ env: config.env });
    const missing = missingDevices(reading?.gpus ?? [], selectedDevices(visible)).map((device) =>
      problem(`GPU ${device} was asked for and is not there`, 'Correct NVIDIA_VISIBLE_DEVICES.'),
    );
    if (reading === undefined) return missing.length > 0 ? missing : [ok('none')];
    const driver = [
      `driver ${reading.driverVersion ?? 'unknown'}`,
      reading.cudaVersion && `CUDA ${reading.cudaVersion}`,
    ];
    return [
      ...reading.gpus.map((gpu) => ok(`GPU ${gpu.index}${gpu.mig ? `:${gpu.mig.index}` : ''} ${gpu.name}`)),
      ok(driver.filter((part) => part).join(', ')),
      ...missing,
    ];
  },
};

export const pythonCheck: Check = {
  name: 'python',
  title: 'Python',
  async run(context): Promise<Finding[]> {
    const program = context.config.agent.pythonBinary ?? 'python3';
    const version = await words(context, [program, '--version']);
    if (version === undefined) {
      return [problem(`${program} cannot be run`, 'Install Python 3: apt-get install python3 python3-venv')];
    }
    const uv = await words(context, ['uv', '--version']);
    const venv = await words(context, [program, '-c', 'import ensurepip, venv; print("yes")']);
    const without = `${version} has no ensurepip${uv === undefined ? '' : '; uv makes the environments'}`;
    const fix = 'Install it: apt-get install python3-venv';
    return [
      venv === undefined ? (uv === undefined ? problem(without, fix) : warning(without, fix)) : ok(version),
      ok(uv ?? 'uv is not installed; pip installs the packages'),
    ];
  },
};

/** What a program prints, if it can be run and succeeds. */
async function words(
  { config, signal }: DoctorContext,
  argv: [string, ...string[]],
): Promise<string | undefined> {
  try {
    const { exitCode, stdout, stderr } = await run(argv, { env: config.env, signal, timeoutMs: 10_000 });
    return exitCode === 0 ? (stdout.trim() || stderr.trim()).split('\n', 1)[0] : undefined;
  } catch (error) {
    if (isAgentError(error)) return undefined;
    throw error;
  }
}
