import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import type { ExecutionContext } from 'ava';
import { freePorts } from './free-ports.js';
import { ACCOUNTING_PROGRAMS, startAccounting } from './slurm-accounting.js';
import { slurmConfText } from './slurm-conf.js';
import { clearRig, confOf, newRigFolder, sweepRigs } from './slurm-rig-guard.js';
import { until } from './until.js';

/** A Slurm cluster on this machine: a controller and nodes, without systemd. */
export interface SlurmRig {
  folder: string;
  /** What finds the cluster: SLURM_CONF. */
  env: Record<string, string>;
  /** Runs a command of Slurm and gives what it prints. */
  slurm(program: string, ...words: string[]): string;
  /** `kill -9`, or a start. */
  controller(order: 'kill' | 'start'): Promise<void>;
  node(name: string, order: 'kill' | 'start'): Promise<void>;
  /** Jobs that are not over. */
  jobs(): string[];
}

export interface RigOptions {
  nodes?: readonly string[];
  /** Further lines of slurm.conf. */
  conf?: readonly string[];
  /** Shell text that runs on the node after each job; `$1` is the rig's folder. */
  epilog?: string;
  /** Nodes see the rig's folder `hidden` empty and cannot write to `read-only`. */
  unshared?: boolean;
  /** With slurmdbd. */
  accounting?: boolean;
  /** Jobs start containers. */
  podman?: boolean;
}

const PROGRAMS = ['/usr/sbin/slurmctld', '/usr/sbin/slurmd', '/usr/sbin/munged', '/usr/bin/sbatch'];

/** Why this machine cannot start a rig; `undefined` where it can. */
export function lackingForRig({ accounting = false, podman = false }: RigOptions): string | undefined {
  if (process.getuid?.() !== 0) return 'this is not root';
  const missing = [
    ...PROGRAMS,
    ...(accounting ? ACCOUNTING_PROGRAMS : []),
    ...(podman ? ['/usr/bin/podman'] : []),
  ].filter((file) => !existsSync(file));
  return missing.length === 0 ? undefined : `this machine lacks ${missing.join(', ')}`;
}

/** Starts a cluster; it ends with the test. */
export async function slurmRig(
  t: Pick<ExecutionContext, 'teardown'>,
  { nodes = ['n1', 'n2'], conf: given = [], epilog, unshared = false, accounting = false }: RigOptions = {},
): Promise<SlurmRig> {
  await sweepRigs();
  const folder = newRigFolder();
  // Users who are not root submit jobs, too.
  chmodSync(folder, 0o711);
  const children = new Map<string, ChildProcess>();
  const env = { SLURM_CONF: confOf(folder) };
  const slurm = (program: string, ...words: string[]) =>
    execFileSync(program, words, { env: { ...process.env, ...env }, encoding: 'utf8', stdio: 'pipe' });
  t.teardown(async () => {
    for (const child of [...children.values()].reverse()) await kill(child);
    await clearRig(folder);
  });
  const [database = 0, dbd = 0, ...ports] = await freePorts(nodes.length + 3);
  const host = hostname();
  writeFileSync(path.join(folder, 'munge.key'), randomBytes(1024), { mode: 0o400 });
  writeFileSync(
    path.join(folder, 'cgroup.conf'),
    'CgroupPlugin=cgroup/v1\nConstrainRAMSpace=yes\nAllowedSwapSpace=0\n',
  );
  mkdirSync(path.join(folder, 'state'));
  const start = (name: string, program: string, ...words: string[]) => {
    const child = spawn(program, words, {
      env: { ...process.env, ...env },
      stdio: 'ignore',
    });
    children.set(name, child);
  };
  const file = (name: string) => path.join(folder, name);
  start(
    'munged',
    'munged',
    '--foreground',
    '--force',
    `--key-file=${file('munge.key')}`,
    `--socket=${file('munge.sock')}`,
    `--pid-file=${file('munged.pid')}`,
    `--log-file=${file('munged.log')}`,
    `--seed-file=${file('munge.seed')}`,
  );
  await until(() => existsSync(file('munge.sock')), { what: 'munged' });
  const conf = [
    ...given,
    ...(epilog === undefined ? [] : [epilogLine(folder, epilog)]),
    ...(accounting ? await startAccounting({ folder, host, ports: [database, dbd], start }) : []),
  ];
  writeFileSync(env.SLURM_CONF, slurmConfText({ folder, host, nodes, ports, conf }));
  if (accounting) {
    const ready = () => succeeds(() => slurm('sacctmgr', '-i', 'add', 'cluster', 'rig') !== '');
    await until(ready, { what: 'slurmdbd', context: () => readFileSync(file('slurmdbd.log'), 'utf8') });
  }
  const controller = async (order: 'kill' | 'start') => {
    if (order === 'kill') return kill(children.get('slurmctld'));
    start('slurmctld', 'slurmctld', '-D', '-f', env.SLURM_CONF);
    await until(() => succeeds(() => slurm('scontrol', 'ping').includes('is UP')), { what: 'slurmctld' });
  };
  const node = async (name: string, order: 'kill' | 'start') => {
    if (order === 'kill') return kill(children.get(name));
    mkdirSync(file(`spool-${name}`), { recursive: true });
    const [program, ...before] = unshared ? ownMounts(file('hidden'), file('read-only')) : ['slurmd'];
    start(name, program, ...before, '-D', '-N', name, '-f', env.SLURM_CONF);
    await until(() => succeeds(() => /idle|mix|alloc/.test(slurm('sinfo', '-h', '-n', name, '-o', '%t'))), {
      what: `node ${name}`,
      context: () => `${slurm('sinfo')}${readFileSync(file(`slurmd-${name}.log`), 'utf8').slice(-2000)}`,
    });
  };
  await controller('start');
  await Promise.all(nodes.map((name) => node(name, 'start')));
  const jobs = () => slurm('squeue', '-h', '-o', '%i %T %r %j').split('\n').filter(Boolean);
  return { folder, env, slurm, controller, node, jobs };
}

function epilogLine(folder: string, text: string): string {
  const file = path.join(folder, 'epilog');
  writeFileSync(file, `#!/bin/sh\nset -- '${folder}'\n${text}\n`, { mode: 0o755 });
  return `Epilog=${file}`;
}

/** Words that start slurmd with mounts that nothing else sees. */
function ownMounts(hidden: string, readOnly: string): [string, ...string[]] {
  for (const folder of [hidden, readOnly]) mkdirSync(folder, { recursive: true });
  const mounts = 'mount -t tmpfs none "$1" && mount --bind "$2" "$2" && mount -o remount,bind,ro "$2"';
  return ['unshare', '--mount', 'sh', '-c', `${mounts}; shift 2; exec slurmd "$@"`, 'sh', hidden, readOnly];
}

async function kill(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}

function succeeds(act: () => boolean): boolean {
  try {
    return act();
  } catch {
    return false;
  }
}
