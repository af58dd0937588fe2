import path from 'node:path';
import { AgentError, causeLine, isAgentError } from '../errors.js';
import { type RunResult, run } from '../os/exec.js';
import { exists } from '../os/files.js';
import type { Gpu, GpuReading } from './gpu.js';
import { nvidiaGpus } from './nvidia-gpus.js';
import { type ListedGpu, parseNvidiaSmiList } from './nvidia-smi-list.js';
import { type NvidiaSmiReport, parseNvidiaSmi } from './nvidia-smi-parser.js';
import { parseRocmSmi, ROCM_SMI_ARGUMENTS } from './rocm-smi-parser.js';
import { parseTopology, type Topology } from './topology.js';
import type { Environment } from './visibility.js';

export interface GpuReaderOptions {
  /** Environment of the tool; `PATH` finds it, `ROCM_PATH` finds AMD's (default `/opt/rocm`). */
  env: Environment;
  /** A tool that takes longer has failed. */
  timeoutMs?: number;
  /** Told once, when reading is given up. */
  warn: (line: string) => void;
}

const TIMEOUT_MS = 10_000;
/** Errors in a row after which the tool is left alone. */
const MAX_ERRORS = 3;
/** A machine of 16 GPUs prints about 1.5 MB, and the report must be whole. */
const MAX_OUTPUT = 64 * 1024 * 1024;

/**
 * Reads the GPUs of this machine through the vendor's tool. A machine without one is found out by the first
 * reading and costs nothing afterwards; a tool that fails, hangs or vanishes is given up after three errors.
 */
export class GpuReader {
  readonly #options: GpuReaderOptions;
  #tool: Promise<string | undefined> | undefined;
  #errors = 0;
  /** Whether the tool has ever answered. */
  #seen = false;
  #off = false;
  #absent = false;
  #listed: { key: string; gpus: ListedGpu[] } | undefined;
  #cuda: string | undefined;
  #topology: Promise<Topology | undefined> | undefined;
  readonly #known = new Map<string, Gpu>();

  constructor(options: GpuReaderOptions) {
    this.#options = options;
  }

  /** Whether the next `read` would ask a tool at all. */
  get active(): boolean {
    return !this.#off;
  }

  /** Whether a tool has ever listed the GPUs of this machine, if only to say that there is none. */
  get answered(): boolean {
    return this.#seen;
  }

  /** No tool is installed, or it has found no GPU. */
  get isAbsent(): boolean {
    return this.#absent;
  }

  /**
   * Every GPU that was ever read, as it was read last, under its first number: the tool renumbers once a card is gone.
   */
  get known(): readonly Gpu[] {
    return [...this.#known.values()];
  }

  /** `undefined` when the machine has no GPU, or this reading or the tool for good has failed. */
  async read(signal?: AbortSignal): Promise<GpuReading | undefined> {
    if (this.#off) return undefined;
    try {
      const reading = await this.#ask(signal);
      this.#errors = 0;
      this.#seen = true;
      this.#off = reading.gpus.length === 0;
      this.#absent = this.#off && this.#known.size === 0;
      this.#cuda = reading.cudaVersion ?? this.#cuda;
      this.#remember(reading.gpus);
      return this.#off ? undefined : reading;
    } catch (error) {
      signal?.throwIfAborted();
      this.#failed(error);
      return undefined;
    }
  }

  /** Looks once, also with a tool that was given up, and says what the tool complains of, or that it is missing. */
  async look(
    signal?: AbortSignal,
  ): Promise<{ gpus: readonly Gpu[] } | { problem: string; missing: boolean }> {
    try {
      return { gpus: (await this.#ask(signal)).gpus };
    } catch (error) {
      signal?.throwIfAborted();
      return { problem: causeLine(error), missing: isAgentError(error, 'COMMAND_MISSING') };
    }
  }

  async #ask(signal: AbortSignal | undefined): Promise<GpuReading> {
    this.#tool ??= rocmSmi(this.#options.env);
    const rocm = await this.#tool;
    return rocm === undefined ? this.#nvidia(signal) : this.#amd(rocm, signal);
  }

  /** CUDA version of the driver. A driver stays for as long as the machine runs, so an earlier reading will do. */
  async driverCuda(): Promise<string | undefined> {
    return this.#cuda ?? (await this.read())?.cudaVersion;
  }

  /**
   * How the GPUs are connected, asked for once; `undefined` where the tool does not say. AMD's tool is not asked.
   */
  topology(): Promise<Topology | undefined> {
    this.#topology ??= this.#askTopology().catch(() => undefined);
    return this.#topology;
  }

  async #askTopology(): Promise<Topology | undefined> {
    this.#tool ??= rocmSmi(this.#options.env);
    if ((await this.#tool) !== undefined) return undefined;
    const result = await this.#run(['nvidia-smi', 'topo', '-m'], undefined);
    return parseTopology(output('nvidia-smi', result));
  }

  #remember(gpus: readonly Gpu[]): void {
    for (const gpu of gpus) {
      const key = `${gpu.uuid}/${gpu.mig?.index ?? ''}`;
      this.#known.set(key, { ...gpu, index: this.#known.get(key)?.index ?? gpu.index });
    }
  }

  #failed(error: unknown): void {
    if (!this.#seen && isAgentError(error, 'COMMAND_MISSING')) {
      this.#off = true;
      this.#absent = true;
      return;
    }
    this.#errors += 1;
    if (this.#errors < MAX_ERRORS) return;
    this.#off = true;
    this.#options.warn(`GPU statistics are off after ${MAX_ERRORS} errors: ${causeLine(error)}`);
  }

  async #nvidia(signal?: AbortSignal): Promise<GpuReading> {
    const result = await this.#run(['nvidia-smi', '-q', '-x'], signal);
    if (/No devices were found/i.test(result.stdout.slice(0, 1000))) return NOTHING;
    const report = await parseNvidiaSmi(output('nvidia-smi', result));
    return {
      gpus: nvidiaGpus(report, await this.#migNames(report, signal)),
      driverVersion: report.driverVersion,
      cudaVersion: report.cudaVersion,
    };
  }

  /** The list of names is asked for again only when the slicing has changed. */
  async #migNames(report: NvidiaSmiReport, signal?: AbortSignal): Promise<ListedGpu[]> {
    const slices = report.gpus.flatMap((gpu) =>
      gpu.migDevices.map((mig) => `${gpu.uuid}/${mig.index}/${mig.gpuInstanceId}/${mig.uuid ?? '?'}`),
    );
    if (!slices.some((slice) => slice.endsWith('?'))) return [];
    const key = slices.join(' ');
    if (this.#listed?.key !== key) {
      const result = await this.#run(['nvidia-smi', '-L'], signal);
      this.#listed = { key, gpus: parseNvidiaSmiList(output('nvidia-smi', result)) };
    }
    return this.#listed.gpus;
  }

  async #amd(program: string, signal?: AbortSignal): Promise<GpuReading> {
    const result = await this.#run([program, ...ROCM_SMI_ARGUMENTS], signal);
    const report = parseRocmSmi(output('rocm-smi', result));
    return { gpus: report.gpus, driverVersion: report.driverVersion, cudaVersion: undefined };
  }

  #run(argv: [string, ...string[]], signal: AbortSignal | undefined): Promise<RunResult> {
    return run(argv, {
      env: this.#options.env,
      timeoutMs: this.#options.timeoutMs ?? TIMEOUT_MS,
      maxKept: MAX_OUTPUT,
      ...(signal === undefined ? {} : { signal }),
    });
  }
}

const NOTHING: GpuReading = { gpus: [], driverVersion: undefined, cudaVersion: undefined };

function output(tool: string, result: RunResult): string {
  if (result.timedOut) throw new AgentError('GPU_TOOL', `${tool} gave no answer in time`);
  if (result.exitCode === 0) return result.stdout;
  const said = (result.stderr.trim() || result.stdout.trim()).split('\n', 1)[0]?.slice(0, 200);
  throw new AgentError('GPU_TOOL', `${tool} ended with exit status ${result.exitCode}: ${said ?? ''}`);
}

/** AMD's tool is used where AMD's library is installed. */
async function rocmSmi(env: Environment): Promise<string | undefined> {
  const folder = env.ROCM_PATH || '/opt/rocm';
  if (!(await exists(path.join(folder, 'lib', 'librocm_smi64.so')))) return undefined;
  const program = path.join(folder, 'bin', 'rocm-smi');
  return (await exists(program)) ? program : 'rocm-smi';
}
