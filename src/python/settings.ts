import path from 'node:path';
import type { Config } from '../config/config.js';
import { AgentError } from '../errors.js';
import { expandHome } from '../os/paths.js';
import { splitWords } from './shell-words.js';

export type PackageManager = 'pip' | 'uv' | 'poetry' | 'conda';
/** What installs plain requirements: `auto` takes uv where there is one and pip stands behind it. */
export type Engine = 'auto' | 'uv' | 'pip';
export type TorchResolve = 'pip' | 'direct' | 'none';

/** Everything that the configuration says about Python; read once, plain data from then on. */
export interface PythonSettings {
  interpreter: InterpreterSettings;
  manager: PackageManager;
  engine: Engine;
  systemSitePackages: boolean;
  /** In a container, install into the environment that its image has activated. */
  useActivated: boolean;
  requirements: RequirementSettings;
  pip: PipSettings;
  uv: UvSettings;
  poetry: PoetrySettings;
  conda: CondaSettings;
  torch: TorchSettings;
  cache: CacheSettings;
  downloads: { enabled: boolean; path: string };
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
  forceOriginal: boolean;
  /** The requirements are handed on as they are: no order, no torch index. */
  untouched: boolean;
}

export interface PipSettings {
  /** Specifiers with markers, `<20.2 ; python_version < '3.10'`; empty: any version will do. */
  versions: string[];
  /** Somebody configured `versions`; else they are what the program ships with. */
  versionsAsked: boolean;
  /** Rules of pip versions that get `--use-deprecated=legacy-resolver`. */
  legacyResolver: string[];
  extraIndexUrls: string[];
  extraFlags: string[];
  upgrade: boolean;
}

export interface UvSettings {
  version: string | undefined;
  /** A ready uv binary. */
  binary: string | undefined;
  forced: boolean;
  syncFlags: string[];
  runFlags: string[];
  lockedIfLockFile: boolean;
  replacePip: boolean;
  bestMatch: boolean;
  fromWorkingFolder: boolean;
  pythonDownloads: string | undefined;
}

export interface PoetrySettings {
  version: string | undefined;
  forced: boolean;
  installFlags: string[];
  fromWorkingFolder: boolean;
}

export interface CondaSettings {
  channels: string[];
  fullUpdate: boolean;
  environmentAsBase: boolean;
  /** A folder to use as it is, or an archive made by conda-pack. */
  environmentPackage: string | undefined;
  useBase: boolean;
}

export interface TorchSettings {
  resolve: TorchResolve;
  nightly: boolean;
  /** Templates with `{}` for the CUDA digits (`118`) or the ROCm major and minor; `undefined`: PyTorch's own. */
  template: string | undefined;
  nightlyTemplate: string | undefined;
  rocmTemplate: string | undefined;
  nightlyRocmTemplate: string | undefined;
}

export interface CacheSettings {
  /** `undefined`: environments are not kept. */
  path: string | undefined;
  maxEntries: number;
  maxSizeGb: number | undefined;
  freeSpaceGb: number;
  lockTimeoutMs: number;
}

export interface SkipSettings {
  /** No Python environment work at all. */
  everything: boolean;
  /** No virtual environment: true installs into the interpreter found, a path into that interpreter. */
  virtualEnvironment: boolean | string;
}

const PRIORITY = ['cython', 'numpy', 'setuptools', 'pip', 'uv'];
const PRIORITY_OPTIONAL = ['pygobject'];
const POST = ['horovod'];
const PIP_VERSIONS = [
  "<20.2 ; python_version < '3.10'",
  "<22.3 ; python_version >= '3.10' and python_version <= '3.11'",
  ">=23,<26 ; python_version >= '3.12'",
];
const LEGACY_RESOLVER = ['>=20.3,<24.3'];
const CHANNELS = ['pytorch', 'conda-forge', 'nvidia', 'defaults'];
const MANAGERS: readonly PackageManager[] = ['pip', 'uv', 'poetry', 'conda'];
const ENGINES: readonly Engine[] = ['auto', 'uv', 'pip'];
const TORCH: readonly TorchResolve[] = ['pip', 'direct', 'none'];

/** @throws AgentError CONFIG_VALUE naming the key */
export function pythonSettings(config: Config): PythonSettings {
  const manager = packageManager(config);
  return {
    interpreter: {
      binary: pathOf(config, 'agent.python_binary'),
      defaultVersion: config.string('agent.default_python'),
      ignoreRequested: config.boolean('agent.ignore_requested_python_version'),
    },
    manager,
    engine: oneOf(config, 'agent.package_manager.engine', ENGINES) ?? 'auto',
    systemSitePackages: config.boolean('agent.package_manager.system_site_packages'),
    useActivated:
      config.value('agent.docker_use_activated_venv') === undefined ||
      config.boolean('agent.docker_use_activated_venv'),
    requirements: requirementSettings(config),
    pip: pipSettings(config),
    uv: uvSettings(config),
    poetry: {
      version: config.string('agent.package_manager.poetry_version'),
      forced: config.flag('CLEARML_AGENT_FORCE_POETRY') ?? false,
      installFlags: config.strings('agent.package_manager.poetry_install_extra_args'),
      fromWorkingFolder: config.boolean('agent.package_manager.poetry_files_from_repo_working_dir'),
    },
    conda: condaSettings(config),
    torch: torchSettings(config),
    cache: cacheSettings(config),
    downloads: {
      enabled:
        config.value('agent.pip_download_cache.enabled') === undefined ||
        config.boolean('agent.pip_download_cache.enabled'),
      path: pathOf(config, 'agent.pip_download_cache.path') ?? home(config, '~/.clearml/pip-download-cache'),
    },
    skip: {
      everything: config.flag('CLEARML_AGENT_SKIP_PYTHON_ENV_INSTALL') ?? false,
      virtualEnvironment: skippedVenv(config.variable('CLEARML_AGENT_SKIP_PIP_VENV_INSTALL')),
    },
    customBuildScript:
      config.variable('CLEARML_AGENT_CUSTOM_BUILD_SCRIPT') ?? config.string('agent.custom_build_script'),
  };
}

function packageManager(config: Config): PackageManager {
  if (config.flag('CLEARML_AGENT_FORCE_POETRY')) return 'poetry';
  if (config.flag('CLEARML_AGENT_FORCE_UV')) return 'uv';
  return oneOf(config, 'agent.package_manager.type', MANAGERS) ?? 'pip';
}

function requirementSettings(config: Config): RequirementSettings {
  const key = 'agent.package_manager';
  return {
    priority: namesOr(config, `${key}.priority_packages`, PRIORITY),
    priorityOptional: namesOr(config, `${key}.priority_optional_packages`, PRIORITY_OPTIONAL),
    post: namesOr(config, `${key}.post_packages`, POST),
    postOptional: namesOr(config, `${key}.post_optional_packages`, []),
    forceRepository: config.boolean(`${key}.force_repo_requirements_txt`),
    forceOriginal: config.boolean(`${key}.force_original_requirements`),
    untouched: config.boolean('agent.cpu_only'),
  };
}

function pipSettings(config: Config): PipSettings {
  const flags = config.variable('CLEARML_EXTRA_PIP_INSTALL_FLAGS');
  return {
    versions: listOr(config, 'agent.package_manager.pip_version', PIP_VERSIONS),
    versionsAsked: config.source('agent.package_manager.pip_version').kind !== 'default',
    legacyResolver: listOr(config, 'agent.package_manager.pip_legacy_resolver', LEGACY_RESOLVER),
    extraIndexUrls: config
      .strings('agent.package_manager.extra_index_url')
      .filter((url) => url.trim() !== ''),
    extraFlags:
      flags === undefined
        ? config.strings('agent.package_manager.extra_pip_install_flags')
        : splitWords(flags),
    upgrade: config.boolean('agent.package_manager.force_upgrade'),
  };
}

function uvSettings(config: Config): UvSettings {
  const key = 'agent.package_manager';
  const locked = config.value(`${key}.uv_sync_locked_if_lock_file`);
  return {
    version: config.string(`${key}.uv_version`),
    binary: config.variable('CLEARML_BOOTSTRAP_UV_EXEC'),
    forced: config.flag('CLEARML_AGENT_FORCE_UV') ?? false,
    syncFlags: config.strings(`${key}.uv_sync_extra_args`),
    runFlags: config.strings(`${key}.uv_run_extra_args`),
    lockedIfLockFile:
      locked === undefined || locked === null || config.boolean(`${key}.uv_sync_locked_if_lock_file`),
    replacePip: config.boolean(`${key}.uv_replace_pip`),
    bestMatch: config.boolean(`${key}.uv_unsafe_best_match`),
    fromWorkingFolder: config.boolean(`${key}.uv_files_from_repo_working_dir`),
    pythonDownloads: config.string('agent.bootstrap.uv_python_meta_file'),
  };
}

function condaSettings(config: Config): CondaSettings {
  const key = 'agent.package_manager';
  return {
    channels: listOr(config, `${key}.conda_channels`, CHANNELS),
    fullUpdate: config.boolean(`${key}.conda_full_env_update`),
    environmentAsBase: config.boolean(`${key}.conda_env_as_base_docker`),
    environmentPackage: config.variable('CLEARML_CONDA_ENV_PACKAGE'),
    useBase: config.flag('CLEARML_USE_CONDA_BASE_ENV') ?? config.boolean(`${key}.use_conda_base_env`),
  };
}

function torchSettings(config: Config): TorchSettings {
  const key = 'agent.package_manager';
  const asked =
    config.variable('CLEARML_AGENT_PACKAGE_PYTORCH_RESOLVE') ?? config.string(`${key}.pytorch_resolve`);
  return {
    resolve: TORCH.find((mode) => mode === asked?.toLowerCase()) ?? 'pip',
    nightly: config.boolean(`${key}.torch_nightly`),
    template: config.string(`${key}.extra_index_url_template`),
    nightlyTemplate: config.string(`${key}.nightly_extra_index_url_template`),
    rocmTemplate: config.string(`${key}.rocm_extra_index_url_template`),
    nightlyRocmTemplate: config.string(`${key}.nightly_rocm_extra_index_url_template`),
  };
}

function cacheSettings(config: Config): CacheSettings {
  const variable = config.variable('CLEARML_AGENT_VENV_CACHE_PATH');
  return {
    path: variable === undefined ? pathOf(config, 'agent.venvs_cache.path') : home(config, variable),
    maxEntries: config.number('agent.venvs_cache.max_entries') ?? 10,
    maxSizeGb: config.number('agent.venvs_cache.max_size_gb'),
    freeSpaceGb: config.number('agent.venvs_cache.free_space_threshold_gb') ?? 2,
    lockTimeoutMs: (config.number('agent.venvs_cache.lock_timeout') ?? 30) * 1000,
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

function listOr(config: Config, key: string, fallback: string[]): string[] {
  const value = config.value(key);
  return value === undefined || value === null
    ? fallback
    : config.strings(key).filter((item) => item.trim() !== '');
}

function namesOr(config: Config, key: string, fallback: string[]): string[] {
  return listOr(config, key, fallback).map((name) => name.trim().toLowerCase());
}

function oneOf<T extends string>(config: Config, key: string, words: readonly T[]): T | undefined {
  const text = config.string(key);
  if (text === undefined) return undefined;
  const found = words.find((word) => word === text.trim().toLowerCase());
  if (found !== undefined) return found;
  throw new AgentError('CONFIG_VALUE', `${key}: expected one of ${words.join(', ')}, found "${text}"`);
}

/** A path with `~` read; a bare program name stays one. */
function pathOf(config: Config, key: string): string | undefined {
  const text = config.string(key);
  return text === undefined ? undefined : home(config, text);
}

function home(config: Config, file: string): string {
  const expanded = expandHome(file, config.env.HOME ?? '/');
  return expanded.includes('/') ? path.resolve(expanded) : expanded;
}
