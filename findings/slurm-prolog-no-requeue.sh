#!/bin/bash
# How does a job end whose node's prolog fails, if the job was submitted with --no-requeue?
# One would guess FAILED or NODE_FAIL, or what the manual says of a prolog that fails: the node is drained, and the job is put back
# and held (PENDING, launch_failed_requeued_held), for an administrator to release.
# What happens: the job is CANCELLED by the controller, with the reason None and the exit code 0:0, exactly as if its user
# had called scancel. Nothing in its record names the prolog or the node; sinfo alone shows the drained node.
# Seen with Slurm 22.05.8 of Debian 12 on 2026-11-30. Takes root (slurmctld and slurmd run as root) and apt-get; nothing is installed.
set -euo pipefail
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null; wait; rm -rf "$folder"' EXIT
cd "$folder"
version=22.05.8-4+deb12u3
apt-get download -qq "slurmctld=$version" "slurm-client=$version" "slurmd=$version" "slurm-wlm-basic-plugins=$version" 2>/dev/null
for package in *.deb; do dpkg -x "$package" tree; done
plugins=$folder/tree/usr/lib/x86_64-linux-gnu/slurm-wlm
export LD_LIBRARY_PATH=$plugins PATH=$folder/tree/usr/bin:$folder/tree/usr/sbin:$PATH SLURM_CONF=$folder/slurm.conf
free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
mkdir state spool
cat >slurm.conf <<END
ClusterName=one
SlurmctldHost=$(hostname)(127.0.0.1)
SlurmctldPort=$(free_port)
SlurmUser=root
AuthType=auth/none
CredType=cred/none
PluginDir=$plugins
StateSaveLocation=$folder/state
SlurmctldPidFile=$folder/slurmctld.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdSpoolDir=$folder/spool
SlurmdPidFile=$folder/slurmd.pid
SlurmdLogFile=$folder/slurmd.log
SlurmdParameters=config_overrides
JobAcctGatherType=jobacct_gather/none
Prolog=/bin/false
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
NodeName=n1 NodeHostname=$(hostname) NodeAddr=127.0.0.1 Port=$(free_port) CPUs=4 RealMemory=8000
PartitionName=main Nodes=n1 Default=YES
END
echo CgroupPlugin=cgroup/v1 >cgroup.conf
slurmctld -D >/dev/null 2>&1 &
for _ in $(seq 100); do scontrol ping 2>/dev/null | grep -q 'is UP' && break || sleep 0.2; done
slurmd -D -N n1 >/dev/null 2>&1 &
for _ in $(seq 100); do [ "$(sinfo -h -o %T)" = idle ] && break || sleep 0.2; done
sbatch --version
end_of() {
  scontrol update nodename=n1 state=resume 2>/dev/null || true
  for _ in $(seq 100); do [ "$(sinfo -h -o %T)" = idle ] && break || sleep 0.2; done
  id=$(sbatch --parsable --mem=10 --output=/dev/null "$@" --wrap=true)
  for _ in $(seq 100); do sinfo -h -o %T | grep -q drain && break || sleep 0.2; done
  for _ in $(seq 100); do squeue -h -t all -j "$id" -o %T | grep -q 'COMPLETING\|CONFIGURING\|RUNNING' || break; sleep 0.2; done
  scontrol -o show job "$id" | grep -o 'JobState=[A-Z]* Reason=[A-Za-z_]*\|ExitCode=[0-9:]*' | head -2 | tr '\n' ' '
}
requeued=$(end_of --requeue)
kept=$(end_of --no-requeue)
echo "with --requeue: $requeued"
echo "with --no-requeue: $kept"
sinfo -h -N -o '%N %T %E'
[ "$requeued" = 'JobState=PENDING Reason=launch_failed_requeued_held ExitCode=0:0 ' ]
[ "$kept" = 'JobState=CANCELLED Reason=None ExitCode=0:0 ' ]
echo 'as described'
