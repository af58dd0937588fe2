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
  /** Templates with `{}` for the CUDA digits (`118`) or the ROCm major and minor. */
  template: string;
  nightlyTemplate: string;
  rocmTemplate: string;
  nightlyRocmTemplate: string;
  /** The template for CUDA is configured, so its index is the one to use. */
  templateChosen: boolean;
}

export function uvSettings(config: Config): UvSettings {
  return {
    version: config.agent.packageManager.uvVersion,
    binary: config.variable('CLEARML_BOOTSTRAP_UV_EXEC'),
    syncFlags: config.agent.packageManager.uvSyncExtraArgs,
    runFlags: config.agent.packageManager.uvRunExtraArgs,
    lockedIfLockFile: config.agent.packageManager.uvSyncLockedIfLockFile,
    replacePip: config.agent.packageManager.uvReplacePip,
    bestMatch: config.agent.packageManager.uvUnsafeBestMatch,
    fromWorkingFolder: config.agent.packageManager.uvFilesFromRepoWorkingDir,
    pythonDownloads: config.agent.bootstrap.uvPythonMetaFile,
    installPython: config.agent.packageManager.uvPythonInstall,
  };
}

export function condaSettings(config: Config): CondaSettings {
  return {
    channels: config.agent.packageManager.condaChannels,
    fullUpdate: config.agent.packageManager.condaFullEnvUpdate,
    environmentAsBase: config.agent.packageManager.condaEnvAsBaseDocker,
    environmentPackage: config.variable('CLEARML_CONDA_ENV_PACKAGE'),
    useBase: config.flag('CLEARML_USE_CONDA_BASE_ENV') ?? config.agent.packageManager.useCondaBaseEnv,
  };
}

export function torchSettings(config: Config): TorchSettings {
  const { packageManager } = config.agent;
  const nightly = packageManager.torchNightly;
  return {
    resolve: packageManager.pytorchResolve,
    nightly,
    template: packageManager.extraIndexUrlTemplate,
    nightlyTemplate: packageManager.nightlyExtraIndexUrlTemplate,
    rocmTemplate: packageManager.rocmExtraIndexUrlTemplate,
    nightlyRocmTemplate: packageManager.nightlyRocmExtraIndexUrlTemplate,
    templateChosen: config.isSet(
      nightly
        ? 'agent.package_manager.nightly_extra_index_url_template'
        : 'agent.package_manager.extra_index_url_template',
    ),
  };
}

export function poetrySettings(config: Config): PoetrySettings {
  return {
    version: config.agent.packageManager.poetryVersion,
    installFlags: config.agent.packageManager.poetryInstallExtraArgs,
    fromWorkingFolder: config.agent.packageManager.poetryFilesFromRepoWorkingDir,
  };
}
