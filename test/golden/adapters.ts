import { configApply } from './families/config-apply.js';
import { containerRules } from './families/container-rules.js';
import { dockerArgsFilter } from './families/docker-args-filter.js';
import { dockerArgsMerge } from './families/docker-args-merge.js';
import { dockerArgsSanitize } from './families/docker-args-sanitize.js';
import { dockerContainerName } from './families/docker-container-name.js';
import { dockerRunArgs } from './families/docker-run-args.js';
import { dockerTemplate } from './families/docker-template.js';
import { envOverrides } from './families/env-overrides.js';
import { gitUrl } from './families/git-url.js';
import { gpus } from './families/gpus.js';
import { hocon } from './families/hocon.js';
import { logChunking } from './families/log-chunking.js';
import { repositoryDirname } from './families/repository-dirname.js';
import { requirements } from './families/requirements.js';
import { schedule } from './families/schedule.js';
import { scriptEntry } from './families/script-entry.js';
/**
 * From a recorded case's `input` to its `expected`, one function a family, through the program's own
 * functions. An adapter returns `undefined` for an operation that it declines (README.md beside this file
 * says which and why) and throws a coded error where the input is refused.
 */
export const adapters: Record<string, Adapter> = {
  config_apply: configApply,
  container_rules: containerRules,
  docker_args_filter: dockerArgsFilter,
  docker_args_merge: dockerArgsMerge,
  docker_args_sanitize: dockerArgsSanitize,
  docker_container_name: dockerContainerName,
  docker_run_args: dockerRunArgs,
  docker_template: dockerTemplate,
  env_overrides: envOverrides,
  git_url: gitUrl,
  hocon,
  repository_dirname: repositoryDirname,
  script_entry: scriptEntry,

  log_chunking: logChunking,
  requirements,
  schedule,
  gpus,
};

/** `input` of a case; the adapter narrows what it needs. */
export type Adapter = (input: never) => unknown;
