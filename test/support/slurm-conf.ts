/** What `slurm.conf` of a cluster on this machine is made of. */
export interface ConfParts {
  folder: string;
  host: string;
  nodes: readonly string[];
  ports: readonly number[];
  conf: readonly string[];
}

/** The text of `slurm.conf`. `config_overrides`: a node may claim more than this machine has. */
export function slurmConfText({
  folder,
  host,
  nodes,
  ports: [controller, ...ports],
  conf,
}: ConfParts): string {
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
    `PartitionName=first Nodes=${nodes.join(',')} PriorityTier=10`,
    `PartitionName=down Nodes=${nodes[0]} State=DOWN`,
  ];
  return `${[...base, ...conf, ...nodes.map(node), ...partitions].join('\n')}\n`;
}
