import os from 'node:os';
import path from 'node:path';
import { AgentError } from '../../errors.js';
import { launchdPlist } from './launchd-plist.js';
import { systemdUnit } from './systemd-unit.js';

/** Who looks after the service: the machine's own manager, or that of one user's session. */
type Scope = 'system' | 'user';

/** An agent, or the embedded server, that a service manager keeps running. */
export interface Service {
  kind: 'daemon' | 'server';
  /** Tells several agents of one machine apart. */
  name: string;
  scope: Scope;
  /** The user that a service of the system runs as. */
  user: string | undefined;
  /** Node, the script and its words. */
  argv: readonly string[];
  /** Finds git, Python, container engines and nvidia-smi. */
  path: string;
  home: string;
  /** What a stop may take, seconds. */
  stopSeconds: number;
}

/** What is done, in order. */
export type Step =
  | { kind: 'write'; file: string; text: string }
  | { kind: 'remove'; file: string }
  /** `mayFail`: what it undoes may not be there. */
  | { kind: 'run'; argv: [string, ...string[]]; mayFail?: boolean };

/** How a platform's service manager is spoken to. */
export interface ServiceManager {
  file(service: Service): string;
  text(service: Service): string;
  install(service: Service, options: { start: boolean }): Step[];
  uninstall(service: Service): Step[];
  status(service: Service): [string, ...string[]];
  logs(service: Service, options: { follow: boolean }): [string, ...string[]];
}

const systemd: ServiceManager = {
  file: (service) => path.join(systemdFolder(service), unitName(service)),
  text: systemdUnit,
  install: (service, { start }) => [
    { kind: 'write', file: systemd.file(service), text: systemd.text(service) },
    { kind: 'run', argv: systemctl(service, 'daemon-reload') },
    { kind: 'run', argv: systemctl(service, 'enable', unitName(service)) },
    // A running service restarts with the new unit; its task is handed over.
    ...(start
      ? [{ kind: 'run' as const, argv: systemctl(service, 'restart', '--no-block', unitName(service)) }]
      : []),
  ],
  uninstall: (service) => [
    { kind: 'run', argv: systemctl(service, 'disable', '--now', unitName(service)), mayFail: true },
    { kind: 'remove', file: systemd.file(service) },
    { kind: 'run', argv: systemctl(service, 'daemon-reload') },
  ],
  status: (service) => systemctl(service, 'status', '--no-pager', unitName(service)),
  logs: (service, { follow }) => [
    'journalctl',
    ...(service.scope === 'user' ? ['--user'] : []),
    '--unit',
    unitName(service),
    '--lines=200',
    follow ? '--follow' : '--no-pager',
  ],
};

const launchd: ServiceManager = {
  file: (service) => path.join(launchdFolder(service), `${launchdLabel(service)}.plist`),
  text: (service) => launchdPlist(service, launchdLabel(service), launchdLog(service)),
  install: (service, { start }) => [
    { kind: 'write', file: launchd.file(service), text: launchd.text(service) },
    { kind: 'run', argv: ['launchctl', 'bootout', launchdTarget(service)], mayFail: true },
    ...(start
      ? [
          {
            kind: 'run' as const,
            argv: ['launchctl', 'bootstrap', launchdDomain(service), launchd.file(service)] as [
              string,
              ...string[],
            ],
          },
        ]
      : []),
  ],
  uninstall: (service) => [
    { kind: 'run', argv: ['launchctl', 'bootout', launchdTarget(service)], mayFail: true },
    { kind: 'remove', file: launchd.file(service) },
  ],
  status: (service) => ['launchctl', 'print', launchdTarget(service)],
  logs: (service, { follow }) => ['tail', '-n', '200', ...(follow ? ['-F'] : []), launchdLog(service)],
};

/** @throws AgentError USAGE on other systems */
export function serviceManager(platform: string): ServiceManager {
  if (platform === 'linux') return systemd;
  if (platform === 'darwin') return launchd;
  throw new AgentError('USAGE', `there is no service manager for ${platform} here`, {
    hint: 'Start the agent with "agent daemon --detached" instead.',
  });
}

function unitName({ name }: Service): string {
  return `clearml-agent-${name}.service`;
}

function systemdFolder({ scope, home }: Service): string {
  return scope === 'user' ? path.join(home, '.config', 'systemd', 'user') : '/etc/systemd/system';
}

function systemctl({ scope }: Service, ...words: string[]): [string, ...string[]] {
  return ['systemctl', ...(scope === 'user' ? ['--user'] : []), ...words];
}

function launchdLabel({ name }: Service): string {
  return `ml.clear.agent.${name}`;
}

function launchdFolder({ scope, home }: Service): string {
  return scope === 'user' ? path.join(home, 'Library', 'LaunchAgents') : '/Library/LaunchDaemons';
}

function launchdLog({ scope, home, name }: Service): string {
  const folder = scope === 'user' ? path.join(home, 'Library', 'Logs') : '/Library/Logs';
  return path.join(folder, `clearml-agent-${name}.log`);
}

function launchdDomain({ scope }: Service): string {
  return scope === 'user' ? `gui/${os.userInfo().uid}` : 'system';
}

function launchdTarget(service: Service): string {
  return `${launchdDomain(service)}/${launchdLabel(service)}`;
}
