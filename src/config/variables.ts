import type { Environment } from './config.js';

/** Variables whose `TRAINS_` spelling, or another older one, the original still reads. */
const ALIASES: Readonly<Record<string, readonly string[]>> = {
  CLEARML_API_HOST: ['TRAINS_API_HOST'],
  CLEARML_WEB_HOST: ['TRAINS_WEB_HOST'],
  CLEARML_FILES_HOST: ['TRAINS_FILES_HOST'],
  CLEARML_API_ACCESS_KEY: ['TRAINS_API_ACCESS_KEY'],
  CLEARML_API_SECRET_KEY: ['TRAINS_API_SECRET_KEY'],
  CLEARML_API_HOST_VERIFY_CERT: ['TRAINS_API_HOST_VERIFY_CERT'],
  CLEARML_CONFIG_FILE: ['TRAINS_CONFIG_FILE'],
  CLEARML_CONFIG_PATH: ['TRAINS_CONFIG_PATH'],
  CLEARML_WORKER_ID: ['TRAINS_WORKER_ID'],
  CLEARML_WORKER_NAME: ['TRAINS_WORKER_NAME'],
  CLEARML_AGENT_GIT_USER: ['TRAINS_AGENT_GIT_USER'],
  CLEARML_AGENT_GIT_PASS: ['TRAINS_AGENT_GIT_PASS'],
  CLEARML_AGENT_GIT_HOST: ['TRAINS_AGENT_GIT_HOST'],
  CLEARML_DOCKER_IMAGE: ['TRAINS_DOCKER_IMAGE'],
};

export interface FoundVariable {
  /** The spelling that was set. */
  name: string;
  /** Trimmed, never empty. */
  value: string;
}

/** The first spelling of a variable that is set to something. */
export function readVariable(env: Environment, name: string): FoundVariable | undefined {
  for (const spelling of [name, ...(ALIASES[name] ?? [])]) {
    const value = env[spelling]?.trim();
    if (value !== undefined && value !== '') return { name: spelling, value };
  }
  return undefined;
}
