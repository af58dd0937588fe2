import type { Service } from './service-plan.js';

/** Seconds without a sign of life after which a daemon is taken for dead. */
const WATCHDOG_SECONDS = 120;

/** What the units of the two kinds do not share: a stop, and the processes that are left then. */
const STOPPING: Readonly<Record<Service['kind'], string>> = {
  daemon: `# Tasks are processes of their own and outlive the daemon.
KillMode=process
# A control group for each task holds all its processes.
Delegate=yes
KillSignal=SIGTERM
RestartKillSignal=SIGUSR2`,
  server: `# Backups and checks run beside the server and end with it.
KillMode=mixed
KillSignal=SIGTERM
# Reads the certificate again.
ExecReload=/bin/kill -HUP $MAINPID`,
};

const DESCRIPTION: Readonly<Record<Service['kind'], string>> = {
  daemon: 'ClearML agent',
  server: 'ClearML-compatible server',
};

/**
 * A unit file. A stop of a daemon ends the running task and reports it; a restart, and the daemon's own death, leave the task
 * alone, and the next daemon resumes it.
 */
export function systemdUnit({ kind, name, scope, user, argv, path, stopSeconds }: Service): string {
  return `[Unit]
Description=${DESCRIPTION[kind]} (${name})
Documentation=https://clear.ml/docs
Wants=network-online.target
After=network-online.target docker.service podman.service

[Service]
Type=notify
NotifyAccess=all
ExecStart=${argv.map((word) => quote(word.replaceAll('$', '$$$$'))).join(' ')}
Environment=${quote(`PATH=${path}`)}
${user === undefined || scope === 'user' ? '' : `User=${user}\n`}UMask=0077
${STOPPING[kind]}
TimeoutStopSec=${stopSeconds}
# A server that is away, or a long upgrade of its data, may take its time.
TimeoutStartSec=infinity
WatchdogSec=${WATCHDOG_SECONDS}
WatchdogSignal=SIGKILL
Restart=on-failure
RestartSec=5
# A wrong command line or configuration does not get better by itself.
RestartPreventExitStatus=2
OOMPolicy=continue

[Install]
WantedBy=${scope === 'user' ? 'default.target' : 'multi-user.target'}
`;
}

/** A word as systemd reads it: in quotes where it needs them, without specifiers. */
function quote(word: string): string {
  const plain = word.replaceAll('%', '%%');
  if (/^[\w@%+=:,./$-]+$/.test(plain)) return plain;
  return `"${plain.replace(/["\\]/g, '\\$&').replaceAll('\n', '\\n')}"`;
}
