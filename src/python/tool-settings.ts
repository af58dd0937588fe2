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
    version: config.string(`${key}.uv_version`),
    binary: config.variable('CLEARML_BOOTSTRAP_UV_EXEC'),
    syncFlags: config.strings(`${key}.uv_sync_extra_args`),
    runFlags: config.strings(`${key}.uv_run_extra_args`),
    lockedIfLockFile: optionalBoolean(config, `${key}.uv_sync_locked_if_lock_file`) ?? true,
    replacePip: config.boolean(`${key}.uv_replace_pip`),
    bestMatch: config.boolean(`${key}.uv_unsafe_best_match`),
    fromWorkingFolder: config.boolean(`${key}.uv_files_from_repo_working_dir`),
    pythonDownloads: config.string('agent.bootstrap.uv_python_meta_file'),
    installPython: optionalBoolean(config, `${key}.uv_python_install`),
  };
}

export function condaSettings(config: Config): CondaSettings {
  const key = 'agent.package_manager';
  return {
    channels: listOr(config, `${key}.conda_channels`, CHANNELS),
    fullUpdate: config.boolean(`${key}.conda_full_env_update`),
    environmentAsBase: config.boolean(`${key}.conda_env_as_base_docker`),
    environmentPackage: config.variable('CLEARML_CONDA_ENV_PACKAGE'),
    useBase: config.flag('CLEARML_USE_CONDA_BASE_ENV') ?? config.boolean(`${key}.use_conda_base_env`),
  };
}

export function torchSettings(config: Config): TorchSettings {
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

export function poetrySettings(config: Config): PoetrySettings {
  const key = 'agent.package_manager';
  return {
    version: config.string(`${key}.poetry_version`),
    installFlags: config.strings(`${key}.poetry_install_extra_args`),
    fromWorkingFolder: config.boolean(`${key}.poetry_files_from_repo_working_dir`),
  };
}

function optionalBoolean(config: Config, key: string): boolean | undefined {
  const value = config.value(key);
  return value === undefined || value === null ? undefined : config.boolean(key);
}

/** A list that is set, also to nothing, or else the one that applies without. */
export function listOr(config: Config, key: string, fallback: string[]): string[] {
  const value = config.value(key);
  return value === undefined || value === null
    ? fallback
    : config.strings(key).filter((item) => item.trim() !== '');
}
