import path from 'node:path';
import type { Config } from '../config/config.js';
import type { OptionKey } from '../config/options/option-types.js';
import { expandHome } from '../os/paths.js';
import {
  type CondaSettings,
  condaSettings,
  type PoetrySettings,
  poetrySettings,
  type TorchSettings,
  torchSettings,
  type UvSettings,
  uvSettings,
} from './tool-settings.js';

type PackageManager = Config['agent']['packageManager']['type'];
/** What installs plain requirements: `auto` takes uv where there is one, with pip as the fallback. */
export type Engine = Config['agent']['packageManager']['engine'];

/** Everything that the configuration says about Python; read once, plain data from then on. */
export interface PythonSettings {
  interpreter: InterpreterSettings;
  manager: PackageManager;
  engine: Engine;
  systemSitePackages: boolean;
  /** In a container, install into the environment that its image has activated. */
  useActivated: boolean;
  /** In a container, install what OpenCV is linked with for tasks that use it. */
  openCvLibraries: boolean;
  requirements: RequirementSettings;
  pip: PipSettings;
  uv: UvSettings;
  poetry: PoetrySettings;
  conda: CondaSettings;
  torch: TorchSettings;
  /** Hosts that may get logins; none: every host that a task names. */
  credentialHosts: string[];
  cache: CacheSettings;
  /** Folder of downloads that tasks share. */
  downloads: string | undefined;
  skip: SkipSettings;
  /** A script that builds the environment instead of the agent. */
  customBuildScript: string | undefined;
}

export interface InterpreterSettings {
  /** `agent.python_binary`: a path or a name. */
  binary: string | undefined;
  defaultVersion: string | undefined;
  ignoreRequested: boolean;
}

export interface RequirementSettings {
  priority: string[];
  priorityOptional: string[];
  post: string[];
  postOptional: string[];
  forceRepository: boolean;
  /** Folders on the host whose files every task's requirements may name with `-r` and `-c`. */
  folders: string[];
  forceOriginal: boolean;
  /** The requirements are handed on as they are: no order, no torch index. */
  untouched: boolean;
  /** The SDK is started in the task's code, so it is installed. */
  forceTaskInit: boolean;
}

export interface PipSettings {
  /** Specifiers with markers, `<20.2 ; python_version < '3.10'`; empty: any version will do. */
  versions: string[];
  /** `versions` is configured; else it is the shipped default. */
  versionsAsked: boolean;
  /** Rules of pip versions that get `--use-deprecated=legacy-resolver`. */
  legacyResolver: string[];
  extraIndexUrls: string[];
  extraFlags: string[];
  upgrade: boolean;
}

export interface CacheSettings {
  /** `undefined`: environments are not kept. */
  path: string | undefined;
  maxEntries: number;
  maxSizeGb: number | undefined;
  freeSpaceGb: number;
  lockTimeoutMs: number;
}

interface SkipSettings {
  /** No Python environment work at all. */
  everything: boolean;
  /** No virtual environment: true installs into the interpreter found, a path into that interpreter. */
  virtualEnvironment: boolean | string;
}

/** @throws AgentError CONFIG_VALUE naming the key */
export function pythonSettings(config: Config): PythonSettings {
  const manager = packageManager(config);
  return {
    interpreter: {
      binary: pathOf(config, config.agent.pythonBinary),
      defaultVersion: config.agent.defaultPython,
      ignoreRequested: config.agent.ignoreRequestedPythonVersion,
    },
    manager,
    engine: config.agent.packageManager.engine,
    systemSitePackages: config.agent.packageManager.systemSitePackages,
    useActivated: config.agent.dockerUseActivatedVenv,
    openCvLibraries: config.agent.dockerInstallOpencvLibs && config.agent.dockerInitBashScript.length === 0,
    requirements: requirementSettings(config),
    pip: pipSettings(config),
    uv: uvSettings(config),
    poetry: poetrySettings(config),
    conda: condaSettings(config),
    torch: torchSettings(config),
    credentialHosts: config.agent.git.credentialHosts,
    cache: cacheSettings(config),
    downloads: sharedDownloads(config),
    skip: {
      everything: config.flag('CLEARML_AGENT_SKIP_PYTHON_ENV_INSTALL') ?? false,
      virtualEnvironment: skippedVenv(config.variable('CLEARML_AGENT_SKIP_PIP_VENV_INSTALL')),
    },
    customBuildScript: config.variable('CLEARML_AGENT_CUSTOM_BUILD_SCRIPT') ?? config.agent.customBuildScript,
  };
}

function sharedDownloads(config: Config): string | undefined {
  const { enabled, path: folder } = config.agent.pipDownloadCache;
  return enabled && folder !== undefined ? home(config, folder) : undefined;
}

function packageManager(config: Config): PackageManager {
  if (config.flag('CLEARML_AGENT_FORCE_POETRY')) return 'poetry';
  if (config.flag('CLEARML_AGENT_FORCE_UV')) return 'uv';
  return config.agent.packageManager.type;
}

function requirementSettings(config: Config): RequirementSettings {
  return {
    priority: normalNames(config.agent.packageManager.priorityPackages),
    priorityOptional: normalNames(config.agent.packageManager.priorityOptionalPackages),
    post: normalNames(config.agent.packageManager.postPackages),
    postOptional: normalNames(config.agent.packageManager.postOptionalPackages),
    folders: config.agent.packageManager.requirementFolders.map((folder) => home(config, folder)),
    forceRepository: config.agent.packageManager.forceRepoRequirementsTxt,
    forceOriginal: config.agent.packageManager.forceOriginalRequirements,
    untouched: config.agent.cpuOnly,
    forceTaskInit: config.flag('CLEARML_AGENT_FORCE_TASK_INIT') ?? false,
  };
}

function pipSettings(config: Config): PipSettings {
  return {
    versions: withoutBlank(config.agent.packageManager.pipVersion),
    versionsAsked: config.source('agent.package_manager.pip_version' satisfies OptionKey).kind !== 'default',
    legacyResolver: withoutBlank(config.agent.packageManager.pipLegacyResolver),
    extraIndexUrls: withoutBlank(config.agent.packageManager.extraIndexUrl),
    extraFlags:
      config.words('CLEARML_EXTRA_PIP_INSTALL_FLAGS') ?? config.agent.packageManager.extraPipInstallFlags,
    upgrade: config.agent.packageManager.forceUpgrade,
  };
}

function cacheSettings(config: Config): CacheSettings {
  const variable = config.variable('CLEARML_AGENT_VENV_CACHE_PATH');
  return {
    path: variable === undefined ? pathOf(config, config.agent.venvsCache.path) : home(config, variable),
    maxEntries: config.agent.venvsCache.maxEntries,
    maxSizeGb: config.agent.venvsCache.maxSizeGb,
    freeSpaceGb: config.agent.venvsCache.freeSpaceThresholdGb,
    lockTimeoutMs: config.agent.venvsCache.lockTimeout * 1000,
  };
}

/** A word for yes or no, or else a path. */
function skippedVenv(value: string | undefined): boolean | string {
  if (value === undefined) return false;
  const word = value.trim().toLowerCase();
  if (['1', 'y', 'yes', 't', 'true', 'on'].includes(word)) return true;
  if (['0', 'n', 'no', 'f', 'false', 'off', 'none'].includes(word)) return false;
  return value.trim();
}

function normalNames(names: readonly string[]): string[] {
  return withoutBlank(names).map((name) => name.trim().toLowerCase());
}

function withoutBlank(items: readonly string[]): string[] {
  return items.filter((item) => item.trim() !== '');
}

/** A path with `~` read; a bare program name stays one. */
function pathOf(config: Config, text: string | undefined): string | undefined {
  return text === undefined ? undefined : home(config, text);
}

function home(config: Config, file: string): string {
  const expanded = expandHome(file, config.env.HOME ?? '/');
  return expanded.includes('/') ? path.resolve(expanded) : expanded;
}
