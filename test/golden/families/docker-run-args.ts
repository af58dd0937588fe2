import type { ConfigValue } from '../../../src/config/config.js';
import { splitShellText } from '../../../src/container/arguments/shell-text.js';
import { chooseDefaultImage } from '../../../src/container/choice/default-image.js';
import { readRestartRule, restartPolicy } from '../../../src/container/choice/restart-policy.js';
import { readArgumentSettings } from '../../../src/container/plan/argument-settings.js';
import { sshAccess } from '../../../src/container/plan/credentials.js';
import { gpuArguments } from '../../../src/container/plan/gpu-arguments.js';
import { planArguments } from '../../../src/container/plan/plan-arguments.js';
import { type HostMount, runWords } from '../../../src/container/plan/run-words.js';
import { gpuVisibility } from '../../../src/gpu/visibility.js';
import { flatConfig } from '../../support/flat-config.js';

interface RunArgsInput {
  op: string;
  args?: RunArgs;
  env?: Record<string, string>;
  config?: Record<string, ConfigValue>;
  rocm?: boolean;
  render_nodes?: string[];
  podman?: boolean;
  services_mode?: boolean;
  host_ip?: string;
  docker_flag?: string[] | null;
  task?: unknown;
  feature_set?: string;
}

interface RunArgs {
  worker_id?: string;
  parent_worker_id?: string;
  docker_arguments?: string | string[] | null;
  extra_docker_arguments?: string[] | null;
  restart?: string | null;
  name?: string | null;
  auth_token?: string | null;
  worker_tags?: string[] | null;
  env_task_id?: string;
  host_git_credentials?: string[];
  [folder: string]: unknown;
}

export function dockerRunArgs(input: RunArgsInput): unknown {
  if (input.op === 'run_args') return runArgs(input);
  if (input.op === 'default_image') return defaultImage(input);
  return input.op === 'restart_value' ? restartValue(input) : undefined;
}

const WORKER = 'host1:gpu0';
const SSH_FOLDER = '/home/user/.ssh_ro';

function runArgs(input: RunArgsInput): unknown {
  const { args = {} } = input;
  const config = flatConfig(input);
  const settings = readArgumentSettings(config);
  const task = args.docker_arguments ?? [];
  const planned = planArguments({
    task: typeof task === 'string' ? splitShellText(task, 'task') : task,
    ...(args.extra_docker_arguments ? { extra: args.extra_docker_arguments } : {}),
    settings,
    env: config.env,
    usedPorts: () => new Set(),
    hostAddress: () => config.variable('CLEARML_AGENT_FORCE_HOST_MACHINE_IP') ?? input.host_ip,
  });
  const kubernetes = config.env.KUBERNETES_SERVICE_HOST && config.env.KUBERNETES_PORT;
  const argv = runWords({
    arguments: planned.words,
    gpu: gpuArguments({
      visible: gpuVisibility({ env: config.env }).visible,
      skipFlag: config.variable('CLEARML_DOCKER_SKIP_GPUS_FLAG') !== undefined,
      podman: input.podman ?? false,
      amdNodes: input.rocm ? (input.render_nodes ?? []) : undefined,
    }),
    workerId: args.worker_id ?? WORKER,
    parentWorkerId: args.parent_worker_id ?? WORKER,
    image: 'IMAGE:1',
    extraLabels: settings.extraLabels,
    serviceTask: input.services_mode ?? false,
    ...(kubernetes ? { sibling: { network: undefined } } : {}),
    ...optional('taskId', args.env_task_id),
    ...optional('restart', args.restart),
    ...optional('name', args.name),
    ...optional('authToken', args.auth_token),
    ...optional('workerTags', args.worker_tags?.join(' ')),
    ...optional('skipVenv', config.variable('CLEARML_AGENT_SKIP_PIP_VENV_INSTALL')),
    variables: [],
    gitFiles: (args.host_git_credentials ?? []).map((source) => ({
      source,
      target: `${SSH_FOLDER}.git/${source.split('/').at(-1)}`,
    })),
    config: { source: '/home/user/agent.cfg', target: '<CONTAINER_CONFIG>' },
    mounts: folderMounts(args),
  });
  return {
    argv,
    ...(planned.stripped.length > 0 && args.env_task_id ? { warned_switches: planned.stripped } : {}),
    ...(Object.keys(planned.runtime).length > 0 ? { runtime: planned.runtime } : {}),
  };
}

function folderMounts(args: RunArgs): HostMount[] {
  const pairs: [unknown, unknown][] = [
    [args.host_ssh_cache, SSH_FOLDER],
    [args.host_apt_cache, '/cache/apt'],
    [args.host_pip_cache, '/cache/pip'],
    [args.host_poetry_cache, args.mounted_poetry_cache],
    [args.host_pip_dl, args.mounted_pip_dl],
    [args.host_cache, args.mounted_cache],
    [args.host_vcs_cache, args.mounted_vcs_cache],
    [args.host_venvs_cache, args.mounted_venvs_cache],
  ];
  return pairs.flatMap(([source, target]) =>
    typeof source === 'string' && typeof target === 'string' ? [{ source, target }] : [],
  );
}

function defaultImage(input: RunArgsInput): unknown {
  const config = flatConfig(input);
  const chosen = chooseDefaultImage(config, input.docker_flag ?? []);
  const { extra } = readArgumentSettings(config);
  const ssh = sshAccess(config);
  const socket = ssh.kind === 'socket' ? ssh.arguments : [];
  const all = [...extra, ...socket];
  return {
    image: chosen.image,
    arguments: chosen.arguments.length > 0 ? chosen.arguments : null,
    rules_ignored: chosen.fromCommandLine,
    extra_arguments: all.length > 0 ? all : null,
    mounts_ssh: ssh.kind === 'folder',
  };
}

function restartValue(input: RunArgsInput): unknown {
  const text = input.env?.CLEARML_AGENT_SERVICES_DOCKER_RESTART;
  if ((input.feature_set ?? 'advanced') !== 'advanced') return { restart: null, asked_fields: [] };
  try {
    const rule = readRestartRule(text);
    return {
      restart: restartPolicy(rule, input.task) ?? null,
      asked_fields: rule?.field === undefined ? [] : [[rule.field]],
    };
  } catch (error) {
    if (error instanceof RangeError) return { restart: null, asked_fields: [] };
    throw error;
  }
}

function optional<K extends string, V>(key: K, value: V | null | undefined): { [key in K]?: V } {
  return value === undefined || value === null ? {} : ({ [key]: value } as { [key in K]?: V });
}
