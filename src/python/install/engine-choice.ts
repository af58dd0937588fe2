import type { RequirementList } from '../../packaging/requirement-list.js';
import type { Engine, PipSettings } from '../settings.js';
import type { InstallPlan } from './install-plan.js';
import { type UvOptions, uvInstallFlags, uvOptions } from './uv-flags.js';
import { listObstacle } from './uv-obstacles.js';

/** Which tool installs plain requirements, and why; the reason goes to the log. */
export interface EngineChoice {
  engine: 'uv' | 'pip';
  why: string;
}

export interface EngineFacts {
  uv: { version: string } | undefined;
  /** Keys of pip's configuration that only pip understands. */
  pipOnly: readonly string[];
  plans: readonly InstallPlan[];
  /** The lists that the plans are made from. */
  lists: readonly RequirementList[];
  /** The environment sees packages of the interpreter, which pip counts as installed and uv does not. */
  inheritsPackages: boolean;
  pythonVersion: string;
  options: UvOptions;
}

/** uv installs into environments of these Pythons. */
const OLDEST_PYTHON = 6;

/** uv wherever it is there and understands what is asked of it; pip else. */
export function chooseEngine(wanted: Engine, settings: PipSettings, facts: EngineFacts): EngineChoice {
  if (wanted === 'pip') return { engine: 'pip', why: 'agent.package_manager.engine is pip' };
  const { uv } = facts;
  if (uv === undefined) return { engine: 'pip', why: 'uv is not installed' };
  const obstacle = uvObstacle(settings, facts);
  if (wanted === 'auto' && facts.inheritsPackages)
    return { engine: 'pip', why: 'uv does not count what the interpreter has as installed' };
  if (obstacle !== undefined)
    return { engine: 'pip', why: `uv ${uv.version} does not understand ${obstacle}` };
  const listed = facts.lists.map(listObstacle).find((one) => one !== undefined);
  if (listed !== undefined)
    return { engine: 'pip', why: `uv ${uv.version} reads ${listed} otherwise than pip` };
  return { engine: 'uv', why: `uv ${uv.version} is installed` };
}

function uvObstacle(settings: PipSettings, facts: EngineFacts): string | undefined {
  const [major = 0, minor = 0] = facts.pythonVersion.split('.').map(Number);
  if (major < 3 || (major === 3 && minor < OLDEST_PYTHON)) return `Python ${facts.pythonVersion}`;
  const flags = uvInstallFlags(settings, facts.options);
  if ('unknown' in flags) return `the pip flag ${flags.unknown}`;
  const option = facts.plans.flatMap((plan) => uvOptions(plan.options.others).unknown)[0];
  if (option !== undefined) return `the option ${option} of the requirements`;
  const key = facts.pipOnly[0];
  return key === undefined ? undefined : `the setting ${key} of pip's configuration`;
}
