import type { Config } from '../config/config.js';
import { configuredEnvironment } from '../config/sections/environment-section.js';
import { configuredFiles, type FileWrite } from '../config/sections/files-section.js';
import type { Place } from '../drivers/driver.js';
import { causeLine } from '../errors.js';
import type { Reporter } from '../logs/reporter.js';
import { containerConfig } from './container-config.js';
import type { AgentContext } from './context.js';

/** What the set-up of a task and its command find in their place. */
export interface Surroundings {
  /** Of the run, with what the place says about itself. */
  config: Config;
  /**
   * For what the agent itself does on this machine: what a container says counts for what runs in it. `config`, where
   * that is the same.
   */
  hostConfig?: Config;
  environment: Readonly<Record<string, string | undefined>>;
  home: string;
}

/**
 * Looks at the place of a task, after its set-up scripts have run. On this machine it is the agent's own
 * environment; in a container the sections `environment` and `files` are carried out first, as the original's
 * agent inside does.
 */
export async function surroundingsIn(
  place: Place,
  { config, environment, home }: AgentContext,
  log: Reporter,
): Promise<Surroundings> {
  if (!place.capabilities.ownEnvironment) return { config, environment, home };
  const found = await place.environment();
  const configured = configuredEnvironment(config);
  const inside = { ...found, ...configured };
  const surroundings = {
    config: containerConfig(config, inside),
    hostConfig: config.withEnvironment(gitLogin(found)),
    environment: inside,
    home: found.HOME ?? '/root',
  };
  for (const file of configuredFiles(surroundings.config, surroundings.home)) {
    if ('refused' in file) log.line(`Skipped [${file.label}]: ${file.refused}`, 'WARNING');
    else log.line(await writeInside(place, file), 'INFO');
  }
  return surroundings;
}

/** A login that a container brings is its own to give; where the agent's own logins go is not. */
const GIT_LOGIN = ['CLEARML_AGENT_GIT_USER', 'CLEARML_AGENT_GIT_PASS'] as const;

function gitLogin(found: Readonly<Record<string, string>>): Record<string, string> {
  const given = GIT_LOGIN.flatMap((name) => (found[name] ? [[name, found[name]] as const] : []));
  return given.length === GIT_LOGIN.length ? Object.fromEntries(given) : {};
}

/** @returns what became of it */
async function writeInside(place: Place, file: FileWrite): Promise<string> {
  const { label, path, content, overwrite, mode } = file;
  try {
    if (!overwrite && (await place.read(path)) !== undefined) return `Skipped [${label}]: ${path} exists`;
    await place.write(path, content, mode ?? 0o644);
    return `Saved [${label}]: ${path}`;
  } catch (error) {
    return `Skipped [${label}]: ${causeLine(error)}`;
  }
}
