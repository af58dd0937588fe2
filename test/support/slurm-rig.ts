import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { accessSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import type { ExecutionContext } from 'ava';
import { freePorts } from './free-ports.js';
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
}

const PROGRAMS = ['/usr/sbin/slurmctld', '/usr/sbin/slurmd', '/usr/sbin/munged', '/usr/bin/sbatch'];

/** Whether this machine has what the rig starts, and the rights for it. */
export function hasSlurm(): boolean {
  if (process.getuid?.() !== 0) return false;
  try {
    for (const file of PROGRAMS) accessSync(file);
    return true;
  } catch {
    return false;
  }
}

/** Starts a cluster; it ends with the test. */
export async function slurmRig(
  t: Pick<ExecutionContext, 'teardown'>,
  { nodes = ['n1', 'n2'], conf = [] }: RigOptions = {},
): Promise<SlurmRig> {
  const folder = mkdtempSync(path.join(tmpdir(), 'slurm-rig-'));
  const children = new Map<string, ChildProcess>();
  const env = { SLURM_CONF: path.join(folder, 'slurm.conf') };
  const slurm = (program: string, ...words: string[]) =>
    execFileSync(program, words, { env: { ...process.env, ...env }, encoding: 'utf8', stdio: 'pipe' });
  t.teardown(async () => {
    await endJobs(slurm).catch(() => undefined);
    for (const child of [...children.values()].reverse()) await kill(child);
    rmSync(folder, { recursive: true, force: true });
  });
  const ports = await freePorts(nodes.length + 1);
  const host = hostname();
  writeFileSync(path.join(folder, 'munge.key'), randomBytes(1024), { mode: 0o400 });
  writeFileSync(env.SLURM_CONF, confText({ folder, host, nodes, ports, conf }));
  writeFileSync(path.join(folder, 'cgroup.conf'), 'CgroupPlugin=cgroup/v1\n');
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
  await until(() => exists(file('munge.sock')), { what: 'munged' });
  const controller = async (order: 'kill' | 'start') => {
    if (order === 'kill') return kill(children.get('slurmctld'));
    start('slurmctld', 'slurmctld', '-D', '-f', env.SLURM_CONF);
    await until(() => succeeds(() => slurm('scontrol', 'ping').includes('is UP')), { what: 'slurmctld' });
  };
  const node = async (name: string, order: 'kill' | 'start') => {
    if (order === 'kill') return kill(children.get(name));
    mkdirSync(file(`spool-${name}`), { recursive: true });
    start(name, 'slurmd', '-D', '-N', name, '-f', env.SLURM_CONF);
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

interface ConfParts {
  folder: string;
  host: string;
  nodes: readonly string[];
  ports: readonly number[];
  conf: readonly string[];
}

/** `config_overrides`: a node may claim more than this machine has. */
function confText({ folder, host, nodes, ports: [controller, ...ports], conf }: ConfParts): string {
  const node = (name: string, at: number) =>
    `NodeName=${name} NodeHostname=${host} NodeAddr=127.0.0.1 Port=${ports[at]} CPUs=4 RealMemory=8000`;
  const further = new Set(conf.map((line) => line.split('=', 1)[0]));
  const base = [
    'ClusterName=rig',
    `SlurmctldHost=${host}(127.0.0.1)`,
    'SlurmUser=root',
    `SlurmctldPort=${controller}`,
    'AuthType=auth/munge',
    `AuthInfo=socket=${folder}/munge.sock`,
    'CredType=cred/munge',
    `StateSaveLocation=${folder}/state`,
    `SlurmdSpoolDir=${folder}/spool-%n`,
    `SlurmctldPidFile=${folder}/slurmctld.pid`,
    `SlurmdPidFile=${folder}/slurmd-%n.pid`,
    `SlurmctldLogFile=${folder}/slurmctld.log`,
    `SlurmdLogFile=${folder}/slurmd-%n.log`,
    'SlurmdParameters=config_overrides',
    'ProctrackType=proctrack/linuxproc',
    'TaskPlugin=task/none',
    'SelectType=select/cons_tres',
    'SelectTypeParameters=CR_Core_Memory',
    'JobAcctGatherType=jobacct_gather/none',
    'SchedulerParameters=sched_min_interval=10000,batch_sched_delay=0',
    'ReturnToService=2',
    'MpiDefault=none',
    'KillWait=3',
    'SlurmdTimeout=10',
  ].filter((line) => !further.has(line.split('=', 1)[0]));
  const partitions = [
    `PartitionName=main Nodes=${nodes.join(',')} Default=YES State=UP OverTimeLimit=0`,
    `PartitionName=down Nodes=${nodes[0]} State=DOWN`,
  ];
  return `${[...base, ...conf, ...nodes.map(node), ...partitions].join('\n')}\n`;
}

async function endJobs(slurm: SlurmRig['slurm']): Promise<void> {
  slurm('scancel', '-u', 'root');
  await until(() => slurm('squeue', '-h') === '', { what: 'the end of all jobs', timeoutMs: 15_000 });
}

async function kill(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}

function exists(file: string): boolean {
  return succeeds(() => {
    accessSync(file);
    return true;
  });
}

function succeeds(act: () => boolean): boolean {
  try {
    return act();
  } catch {
    return false;
  }
}
