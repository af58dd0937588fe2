import { causeLine } from '../../errors.js';
import type { AgentLogger } from '../../logs/logger.js';
import type { Reporter } from '../../logs/reporter.js';
import { run } from '../../os/exec.js';
import { distrust } from '../../os/trusted-program.js';
import { type HookFacts, type HookHost, hookEnvironment, hookInput } from './hook-facts.js';
import type { HookName, HookProgram, HookSettings } from './hook-settings.js';

export interface HooksOptions {
  settings: HookSettings;
  /** The agent's environment, of which a hook gets a little. */
  env: Readonly<Record<string, string | undefined>>;
  host: string;
  logger: AgentLogger;
  now?: () => Date;
}

export interface HookCall {
  worker: string;
  facts: HookFacts;
  /** Where its output goes; the agent's own log without it. */
  reporter?: Reporter;
  /** Ends it early. */
  signal?: AbortSignal;
}

/** Characters of output that are kept of a hook. */
const MOST_OUTPUT = 64 * 1024;

/** Runs the programs of the operator at the agent's events. A hook that fails never throws. */
export class Hooks {
  /** Runs that failed, by hook. */
  readonly failures = new Map<HookName, number>();
  readonly #options: HooksOptions;

  constructor(options: HooksOptions) {
    this.#options = options;
    for (const name of options.settings.programs.keys()) this.failures.set(name, 0);
  }

  has(name: HookName): boolean {
    return this.#options.settings.programs.has(name);
  }

  /** @returns why the hook failed; `undefined` where it succeeded or is not configured */
  async run(name: HookName, call: HookCall): Promise<string | undefined> {
    const program = this.#options.settings.programs.get(name);
    if (program === undefined) return undefined;
    const problem = await this.#carryOut(name, program, call).catch((error: unknown) => causeLine(error));
    if (problem === undefined || call.signal?.aborted) return problem;
    this.failures.set(name, (this.failures.get(name) ?? 0) + 1);
    const { task } = call.facts;
    const about = task === undefined ? '' : `task ${task}: `;
    this.#options.logger.child({ worker: call.worker }).warn(`${about}the hook ${name} failed: ${problem}`);
    return problem;
  }

  async #carryOut(name: HookName, program: HookProgram, call: HookCall): Promise<string | undefined> {
    const { settings, env, host, logger, now = () => new Date() } = this.#options;
    // Its rights may have changed since the start of the agent.
    const distrusted = await distrust(program[0]);
    if (distrusted !== undefined) return `${program[0]} is not run: ${distrusted}`;
    const facts: HookHost & HookFacts = { worker: call.worker, host, ...call.facts };
    const output = new HookOutput(call.reporter ?? ownLog(logger, name));
    try {
      const result = await run(program, {
        cwd: '/',
        env: hookEnvironment(name, facts, env),
        input: hookInput(name, facts, now()),
        timeoutMs: settings.timeoutMs,
        maxKept: 1,
        onOutput: (chunk) => output.take(chunk),
        ...(call.signal === undefined ? {} : { signal: call.signal }),
      });
      if (result.timedOut)
        return `${program[0]} ran for more than ${settings.timeoutMs / 1000} s and was killed`;
      return result.exitCode === 0 ? undefined : `${program[0]} ended with exit status ${result.exitCode}`;
    } catch (error) {
      if (call.signal?.aborted) return `${program[0]} was killed because the run ends`;
      throw error;
    } finally {
      output.end();
    }
  }
}

/** Output up to the limit, and how much there was beyond it. */
class HookOutput {
  readonly #to: Reporter;
  #taken = 0;
  #isMidLine = false;

  constructor(to: Reporter) {
    this.#to = to;
  }

  take(chunk: string): void {
    const room = MOST_OUTPUT - this.#taken;
    this.#taken += chunk.length;
    if (room <= 0) return;
    this.#to.output(chunk.slice(0, room));
    this.#isMidLine = chunk.length > room || !chunk.endsWith('\n');
  }

  end(): void {
    const beyond = this.#taken - MOST_OUTPUT;
    if (this.#isMidLine) this.#to.output('\n');
    if (beyond > 0) this.#to.line(`${beyond} more characters of the hook's output are left out`, 'WARNING');
  }
}

/** Whole lines of a hook's output in the agent's own log. */
function ownLog(logger: AgentLogger, name: HookName): Reporter {
  let rest = '';
  const say = (line: string) => {
    if (line.trim() !== '') logger.info(`hook ${name}: ${line}`);
  };
  return {
    line: say,
    output: (chunk) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) say(line);
    },
  };
}
