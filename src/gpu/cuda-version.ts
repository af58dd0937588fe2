import { access, constants, readFile } from 'node:fs/promises';
import path from 'node:path';
import { AgentError, isAgentError } from '../errors.js';
import { run } from '../os/exec.js';
import type { Environment } from './visibility.js';

export interface CudaVersions {
  /** Major and minor without a dot, as PyTorch's wheels are named: 11.8 → `118`, 12.10 → `1210`; `0` = none. */
  cuda: string;
  /** Major and minor of cuDNN in the same form; `0` = none. */
  cudnn: string;
}

export interface CudaRequest {
  /** `agent.cuda_version` and `agent.cudnn_version`, as configured. */
  cuda: string | undefined;
  cudnn: string | undefined;
  cpuOnly: boolean;
  env: Environment;
  /** CUDA version of the driver (`GpuReading.cudaVersion`); asked for only when it is needed. */
  driverVersion: () => Promise<string | undefined>;
}

/**
 * The CUDA and cuDNN versions that packages are chosen for. A configured version counts; empty or 0 means
 * look: the driver's version, else the compiler's. As in the original, two configured values switch looking off
 * also when one of them is 0, and `--cpu-only` means none.
 *
 * @throws AgentError CONFIG_VALUE for a configured version that is none
 */
export async function cudaVersions(request: CudaRequest): Promise<CudaVersions> {
  if (request.cpuOnly) return { cuda: '0', cudnn: '0' };
  const cuda = configured('agent.cuda_version', request.cuda);
  const cudnn = configured('agent.cudnn_version', request.cudnn);
  if (cuda !== undefined && cudnn !== undefined) return { cuda, cudnn };
  const known = sure(cuda);
  const [nvcc, driver] = await Promise.all([
    findCompiler(request.env),
    known === undefined ? request.driverVersion() : undefined,
  ]);
  return {
    cuda: known ?? versionDigits(driver) ?? nvcc?.version ?? '0',
    cudnn: sure(cudnn) ?? (nvcc === undefined ? undefined : await cudnnBeside(nvcc.program)) ?? '0',
  };
}

function sure(version: string | undefined): string | undefined {
  return version === '0' ? undefined : version;
}

function configured(key: string, value: string | undefined): string | undefined {
  const text = value?.trim();
  if (!text) return undefined;
  const digits = versionDigits(text);
  if (digits !== undefined) return digits;
  throw new AgentError('CONFIG_VALUE', `${key}: expected a version such as 12.4 or 124, found "${text}"`);
}

/**
 * `11.2`, `11.2.89` and `112` → `112`; `12` → `120`; `0` → `0`.
 * A text without a dot of three digits and more is in the short form already.
 */
export function versionDigits(text: string | undefined): string | undefined {
  const match = /^v?(\d+)(?:\.(\d+))?(?:\.\d+)*$/i.exec(text?.trim() ?? '');
  if (match === null) return undefined;
  const [major, minor] = [Number(match[1]), match[2]];
  if (minor !== undefined) return `${major}${Number(minor)}`;
  return major === 0 || major > 30 ? String(major) : `${major}0`;
}

/** Asking a compiler for its version takes a moment at most. */
const COMPILER_TIMEOUT_MS = 10_000;

async function findCompiler(env: Environment): Promise<{ program: string; version: string } | undefined> {
  const folders = [env.CUDA_HOME, env.CUDA_PATH].flatMap((root) => (root ? [path.join(root, 'bin')] : []));
  const onPath = (env.PATH ?? '').split(path.delimiter).filter((folder) => folder !== '');
  for (const folder of [...onPath, ...folders]) {
    const program = path.join(folder, 'nvcc');
    const version = await compilerVersion(program, env);
    if (version !== undefined) return { program, version };
  }
  return undefined;
}

async function compilerVersion(program: string, env: Environment): Promise<string | undefined> {
  try {
    await access(program, constants.X_OK);
  } catch {
    return undefined;
  }
  try {
    const result = await run([program, '--version'], { env, timeoutMs: COMPILER_TIMEOUT_MS });
    return versionDigits(/release (\d+\.\d+)/.exec(result.stdout)?.[1]);
  } catch (error) {
    if (isAgentError(error)) return undefined;
    throw error;
  }
}

/** cuDNN 8 moved its version out of `cudnn.h`. */
async function cudnnBeside(compiler: string): Promise<string | undefined> {
  const include = path.join(path.dirname(path.dirname(compiler)), 'include');
  for (const header of ['cudnn_version.h', 'cudnn.h']) {
    const text = await readFile(path.join(include, header), 'utf8').catch(() => '');
    const [major, minor] = ['MAJOR', 'MINOR'].map(
      (part) => new RegExp(`#define\\s+CUDNN_${part}\\s+(\\d+)`).exec(text)?.[1],
    );
    if (major !== undefined && minor !== undefined) return `${major}${minor}`;
  }
  return undefined;
}
