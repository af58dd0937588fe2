import path from 'node:path';
import type { Config } from '../../config/config.js';
import { describeSource } from '../../config/source.js';
import { AgentError } from '../../errors.js';
import { expandHome } from '../../os/paths.js';
import { distrust } from '../../os/trusted-program.js';

/** Events at which the agent runs programs of its operator, `agent.hooks.<name>`. */
export const HOOK_NAMES = [
  'agent_start',
  'agent_stop',
  'before_task',
  'after_task',
  'on_abort',
  'on_gpu_failure',
] as const;

export type HookName = (typeof HOOK_NAMES)[number];

/** An absolute path and its arguments. */
export type HookProgram = readonly [string, ...string[]];

export interface HookSettings {
  programs: ReadonlyMap<HookName, HookProgram>;
  timeoutMs: number;
  /** Keys that are left out, and why. */
  warnings: readonly string[];
}

/**
 * The hooks of the configuration. Only files, variables and flags of this machine name them: whoever can write a vault
 * on the server is not the operator of this machine.
 *
 * @throws AgentError CONFIG_VALUE for a program that is no absolute path
 */
export function hookSettings(config: Config, home: string): HookSettings {
  const { hooks } = config.agent;
  const words: Readonly<Record<HookName, readonly string[]>> = {
    agent_start: hooks.agentStart,
    agent_stop: hooks.agentStop,
    before_task: hooks.beforeTask,
    after_task: hooks.afterTask,
    on_abort: hooks.onAbort,
    on_gpu_failure: hooks.onGpuFailure,
  };
  const programs = new Map<HookName, HookProgram>();
  const warnings: string[] = [];
  for (const name of HOOK_NAMES) {
    const [file = '', ...args] = words[name];
    if (file === '') continue;
    const source = config.source(`agent.hooks.${name}`);
    if (source.kind === 'vault') {
      warnings.push(`${describeSource(source)}: agent.hooks.${name} is ignored: a vault cannot set hooks`);
      continue;
    }
    const program = expandHome(file, home);
    if (!path.isAbsolute(program))
      throw new AgentError(
        'CONFIG_VALUE',
        `${describeSource(source)}: agent.hooks.${name}: expected an absolute path, found ${JSON.stringify(file)}`,
        { hint: 'Hooks run without a shell and are not looked for in PATH.' },
      );
    programs.set(name, [program, ...args]);
  }
  return { programs, timeoutMs: 1000 * hooks.timeoutSec, warnings };
}

/**
 * Looks at every program before the first task is pulled.
 *
 * @throws AgentError CONFIG_VALUE for one that is missing or that another user can exchange
 */
export async function checkHooks({ programs }: HookSettings): Promise<void> {
  for (const [name, [program]] of programs) {
    const problem = await distrust(program);
    if (problem !== undefined)
      throw new AgentError('CONFIG_VALUE', `agent.hooks.${name}: ${program} is not run: ${problem}`);
  }
}
