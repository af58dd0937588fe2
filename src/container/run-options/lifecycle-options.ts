import type { Healthcheck } from '../create-request.js';
import { conflict, type RunOption, wrongValue } from './option.js';
import { clientFlag, hostFlag, hostText, requestText } from './plain-options.js';
import type { RequestDraft } from './request-draft.js';
import { keyAndValue, readDuration, readFlag, readInteger } from './values.js';

type HealthTime = 'Interval' | 'Timeout' | 'StartPeriod' | 'StartInterval';

/** Start, end, health, logging; and what only concerns the docker client. */
export const LIFECYCLE_OPTIONS: readonly RunOption[] = [
  {
    name: 'restart',
    takes: 'value',
    apply: ({ host }, given) => {
      const match = /^([a-z-]*)(?::(\d+))?$/.exec(given.value);
      if (match === null) throw wrongValue(given, 'no, always, unless-stopped or on-failure[:times]');
      host.RestartPolicy = { Name: match[1] ?? '', MaximumRetryCount: Number(match[2] ?? '0') };
    },
  },
  hostFlag('rm', 'AutoRemove'),
  requestText('stop-signal', 'StopSignal'),
  {
    name: 'stop-timeout',
    takes: 'value',
    apply: ({ request }, given) => {
      request.StopTimeout = readInteger(given);
    },
  },
  {
    name: 'health-cmd',
    takes: 'value',
    apply: ({ request }, { value }) => {
      if (value !== '') request.Healthcheck = { ...request.Healthcheck, Test: ['CMD-SHELL', value] };
    },
  },
  healthTime('health-interval', 'Interval'),
  healthTime('health-timeout', 'Timeout'),
  healthTime('health-start-period', 'StartPeriod'),
  { ...healthTime('health-start-interval', 'StartInterval'), since: '1.44' },
  {
    name: 'health-retries',
    takes: 'value',
    apply: ({ request }, given) => {
      const Retries = readInteger(given);
      if (Retries < 0) throw wrongValue(given, 'a number from 0 on');
      if (Retries > 0) request.Healthcheck = { ...request.Healthcheck, Retries };
    },
  },
  {
    name: 'no-healthcheck',
    takes: 'flag',
    apply: ({ health }, given) => {
      health.disabled = readFlag(given);
    },
  },
  {
    name: 'log-driver',
    takes: 'value',
    apply: ({ host }, { value }) => {
      host.LogConfig = { Type: value, Config: host.LogConfig?.Config ?? {} };
    },
  },
  {
    name: 'log-opt',
    takes: 'value',
    apply: ({ host }, given) => {
      const [name, value] = keyAndValue(given.value);
      const { Type = '', Config = {} } = host.LogConfig ?? {};
      host.LogConfig = { Type, Config: { ...Config, [name]: value } };
    },
  },
  {
    name: 'pull',
    takes: 'value',
    apply: (draft, given) => {
      const { value } = given;
      if (value !== 'always' && value !== 'missing' && value !== 'never') {
        throw wrongValue(given, 'always, missing or never');
      }
      draft.pull = value;
    },
  },
  {
    name: 'platform',
    takes: 'value',
    apply: ({ request }, given) => {
      if (!/^[\w.-]+(\/[\w.-]+){0,2}$/.test(given.value))
        throw wrongValue(given, 'os/architecture, such as linux/arm64');
      request.platform = given.value;
    },
  },
  hostText('cidfile', 'ContainerIDFile'),
  clientFlag('quiet', 'q'),
  clientFlag('detach', 'd'),
  clientFlag('sig-proxy'),
  clientFlag('disable-content-trust'),
  { name: 'detach-keys', takes: 'value', apply: () => undefined },
  {
    name: 'help',
    takes: 'flag',
    apply: (_, given) => {
      throw wrongValue(given, 'an option of a container; this one only prints help');
    },
  },
];

function healthTime(name: string, field: HealthTime): RunOption {
  return {
    name,
    takes: 'value',
    apply: ({ request }, given) => {
      const time = readDuration(given);
      if (time > 0) request.Healthcheck = { ...request.Healthcheck, [field]: time } satisfies Healthcheck;
    },
  };
}

/** @throws AgentError DOCKER_ARGUMENT for options that exclude each other */
export function finishLifecycle({ request, host, health }: RequestDraft): void {
  if (health.disabled) {
    if (request.Healthcheck !== undefined) throw conflict('--no-healthcheck and --health-…');
    request.Healthcheck = { Test: ['NONE'] };
  }
  if (host.LogConfig?.Type === 'none' && Object.keys(host.LogConfig.Config).length > 0) {
    throw conflict('--log-driver none and --log-opt');
  }
}
