import { existsSync } from 'node:fs';
import path from 'node:path';
import { AgentError } from '../../errors.js';
import { withLock } from '../../os/lock.js';
import type {
  ExecOptions,
  ExecResult,
  PlaceCommand,
  ProvideOptions,
  SystemNeeds,
  SystemTool,
} from '../driver.js';
import { installSteps, PACKAGE_MANAGERS, type PackageManager } from './package-manager.js';

export interface InstallerOptions {
  exec(command: PlaceCommand, options: ExecOptions): Promise<ExecResult>;
  /** Host folder that is the cache of apt in all containers; only one apt-get at a time can use it. */
  sharedCache: string | undefined;
  /** Variables of the agent that package managers read (proxies), unless the container has its own. */
  environment: Readonly<Record<string, string>>;
}

/** Lists of packages and large packages come over slow lines. */
const STEP_TIMEOUT_MS = 30 * 60_000;
/** How long other containers may take with the shared cache. */
const LOCK_TIMEOUT_MS = 60 * 60_000;

const FIND_MANAGER = 'for name; do if command -v "$name" >/dev/null 2>&1; then echo "$name"; break; fi; done';

/** Installs packages in one container by the package manager of its image. */
export class PackageInstaller {
  readonly #options: InstallerOptions;
  #manager: Promise<PackageManager | undefined> | undefined;
  readonly #installed = new Set<SystemTool>();
  /** What fetching the lists said. It may have failed for a source that is not needed. */
  #refreshed: string | undefined;

  constructor(options: InstallerOptions) {
    this.#options = options;
  }

  /** @throws AgentError DOCKER_CONTAINER with the package manager's own words */
  async install(wanted: SystemNeeds, { reporter, signal }: ProvideOptions): Promise<void> {
    const needs = { ...wanted, tools: wanted.tools.filter((tool) => !this.#installed.has(tool)) };
    if (needs.tools.length === 0 && (needs.packages ?? []).length === 0) return;
    const manager = await this.#found();
    if (manager === undefined) throw noManager(needs);
    const steps = installSteps(manager, needs);
    if (steps.length === 0) return;
    const what = steps.map((step) => step.what).join(', ');
    reporter.line(`Installing ${what} with ${manager.name}`);
    const begun = performance.now();
    await this.#exclusively(manager, signal, async () => {
      await this.#refresh(manager, signal);
      for (const { argv, what } of steps) {
        const result = await this.#run(argv, signal);
        if (result.exitCode !== 0) throw failed(manager, what, this.#said(result));
      }
    });
    for (const tool of needs.tools) this.#installed.add(tool);
    reporter.line(`Installed ${what} in ${((performance.now() - begun) / 1000).toFixed(1)} s`);
  }

  /** Fetches the lists of packages, which images come without. */
  async refresh({ reporter, signal }: ProvideOptions): Promise<void> {
    const manager = await this.#found();
    if (manager?.refresh === undefined || this.#refreshed !== undefined) return;
    const begun = performance.now();
    await this.#exclusively(manager, signal, () => this.#refresh(manager, signal));
    reporter.line(
      `Lists of packages fetched with ${manager.name} in ${((performance.now() - begun) / 1000).toFixed(1)} s`,
    );
  }

  #found(): Promise<PackageManager | undefined> {
    this.#manager ??= this.#find();
    return this.#manager;
  }

  async #find(): Promise<PackageManager | undefined> {
    const names = PACKAGE_MANAGERS.map(({ name }) => name);
    const argv = ['/bin/sh', '-c', FIND_MANAGER, 'sh', ...names] as const;
    const { stdout } = await this.#options.exec({ argv: [...argv] }, { asRoot: true });
    return PACKAGE_MANAGERS.find(({ name }) => name === stdout.trim());
  }

  async #refresh({ refresh }: PackageManager, signal: AbortSignal): Promise<void> {
    if (refresh === undefined || this.#refreshed !== undefined) return;
    const { stdout, stderr } = await this.#run(refresh, signal);
    this.#refreshed = `${stdout}\n${stderr}`;
  }

  #run(argv: PlaceCommand['argv'], signal: AbortSignal): Promise<ExecResult> {
    const { exec, environment } = this.#options;
    const env = { ...environment, DEBIAN_FRONTEND: 'noninteractive' };
    return exec({ argv, env }, { asRoot: true, signal, timeoutMs: STEP_TIMEOUT_MS });
  }

  #said({ stdout, stderr }: ExecResult): string[] {
    return `${this.#refreshed ?? ''}\n${stdout}\n${stderr}`
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
  }

  async #exclusively(manager: PackageManager, signal: AbortSignal, fn: () => Promise<void>): Promise<void> {
    const { sharedCache } = this.#options;
    if (manager.name !== 'apt-get' || sharedCache === undefined || !existsSync(sharedCache)) return fn();
    const what = 'the shared cache of apt';
    return withLock(path.join(sharedCache, '.agent.lock'), { timeoutMs: LOCK_TIMEOUT_MS, signal, what }, fn);
  }
}

function noManager({ tools, packages = [] }: SystemNeeds): AgentError {
  const what = [...tools, ...packages].join(', ');
  const known = PACKAGE_MANAGERS.map(({ name }) => name).join(', ');
  return new AgentError(
    'DOCKER_CONTAINER',
    `${what} cannot be installed: the image has no package manager that is known (${known})`,
    { hint: 'Choose an image that has them.' },
  );
}

/** An unreachable mirror is the reason for all that follows; otherwise package managers mark their errors. */
const TELLING = [
  /Temporary failure resolving|Could not (?:connect|resolve)|Connection (?:refused|timed out)|Network is unreachable/i,
  /^dpkg: error/,
  /^(?:E|ERROR|error|Error): /,
];

function failed({ name }: PackageManager, what: string, lines: readonly string[]): AgentError {
  const telling = TELLING.map((words) => lines.find((line) => words.test(line))).find(Boolean);
  const cause = telling ?? lines.at(-1) ?? 'no message';
  return new AgentError('DOCKER_CONTAINER', `${name} cannot install ${what} in the container: ${cause}`, {
    hint: 'Check the network of the container, or choose an image that has it.',
    detail: lines.slice(-25).join('\n'),
  });
}
