import type { Config } from '../config/config.js';

/** How torch is found: through an index for the accelerator, or like any other package. */
type TorchResolve = 'pip' | 'direct' | 'none';

export interface UvSettings {
  version: string | undefined;
  /** A ready uv binary. */
  binary: string | undefined;
  syncFlags: string[];
  runFlags: string[];
  lockedIfLockFile: boolean;
  replacePip: boolean;
  bestMatch: boolean;
  fromWorkingFolder: boolean;
  pythonDownloads: string | undefined;
  /** uv may download an interpreter that is missing; `undefined`: where uv is the tool that was chosen. */
  installPython: boolean | undefined;
}

export interface PoetrySettings {
  version: string | undefined;
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

const CHANNELS = ['pytorch', 'conda-forge', 'nvidia', 'defaults'];
const TORCH: readonly TorchResolve[] = ['pip', 'direct', 'none'];

export function uvSettings(config: Config): UvSettings {
  const key = 'agent.package_manager';
  return {
    version: config.agent.packageManager.uvVersion,
    binary: config.variable('CLEARML_BOOTSTRAP_UV_EXEC'),
    syncFlags: config.agent.packageManager.uvSyncExtraArgs,
    runFlags: config.agent.packageManager.uvRunExtraArgs,
    lockedIfLockFile: optionalBoolean(config, `${key}.uv_sync_locked_if_lock_file`) ?? true,
    replacePip: config.agent.packageManager.uvReplacePip,
    bestMatch: config.agent.packageManager.uvUnsafeBestMatch,
    fromWorkingFolder: config.agent.packageManager.uvFilesFromRepoWorkingDir,
    pythonDownloads: config.agent.bootstrap.uvPythonMetaFile,
    installPython: optionalBoolean(config, `${key}.uv_python_install`),
  };
}

export function condaSettings(config: Config): CondaSettings {
  const key = 'agent.package_manager';
  return {
    channels: listOr(config, `${key}.conda_channels`, CHANNELS),
    fullUpdate: config.agent.packageManager.condaFullEnvUpdate,
    environmentAsBase: config.agent.packageManager.condaEnvAsBaseDocker,
    environmentPackage: config.variable('CLEARML_CONDA_ENV_PACKAGE'),
    useBase: config.flag('CLEARML_USE_CONDA_BASE_ENV') ?? config.agent.packageManager.useCondaBaseEnv,
  };
}

export function torchSettings(config: Config): TorchSettings {
  const asked =
    config.variable('CLEARML_AGENT_PACKAGE_PYTORCH_RESOLVE') ?? config.agent.packageManager.pytorchResolve;
  return {
    resolve: TORCH.find((mode) => mode === asked?.toLowerCase()) ?? 'pip',
    nightly: config.agent.packageManager.torchNightly,
    template: config.agent.packageManager.extraIndexUrlTemplate,
    nightlyTemplate: config.agent.packageManager.nightlyExtraIndexUrlTemplate,
    rocmTemplate: config.agent.packageManager.rocmExtraIndexUrlTemplate,
    nightlyRocmTemplate: config.agent.packageManager.nightlyRocmExtraIndexUrlTemplate,
  };
}

export function poetrySettings(config: Config): PoetrySettings {
  return {
    version: config.agent.packageManager.poetryVersion,
    installFlags: config.agent.packageManager.poetryInstallExtraArgs,
    fromWorkingFolder: config.agent.packageManager.poetryFilesFromRepoWorkingDir,
  };
}

function optionalBoolean(config: Config, key: string): boolean | undefined {
  const value = config.raw(key);
  return value === undefined || value === null ? undefined : config.boolean(key);
}

/** A list that is set, also to nothing, or else the one that applies without. */
export function listOr(config: Config, key: string, fallback: string[]): string[] {
  const value = config.raw(key);
  return value === undefined || value === null
    ? fallback
    : config.strings(key).filter((item) => item.trim() !== '');
}
