#!/bin/bash
# What is left of a job that `sbatch` refuses?
# One would guess nothing: sbatch exits with 1, says "Batch job submission failed" and prints no id, as for a partition that does not
# exist. So a program that lost the answer may look for its job by the name, and finds none if it was refused.
# What happens: a request that no node can meet (too much memory, GPUs where there are none) leaves a job. It has an id and the name,
# squeue --state=all lists it for MinJobAge (300 s), FAILED with the reason BadConstraints and the exit code 0:1, as if signal 1 had
# ended it. A partition that does not exist leaves none.
# Seen with Slurm 22.05.8 of Debian 12 on 2026-11-30. Takes root (slurmctld runs as SlurmUser) and apt-get; nothing is installed.
set -euo pipefail
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null; wait; rm -rf "$folder"' EXIT
cd "$folder"
version=22.05.8-4+deb12u3
apt-get download -qq "slurmctld=$version" "slurm-client=$version" "slurm-wlm-basic-plugins=$version" 2>/dev/null
for package in *.deb; do dpkg -x "$package" tree; done
plugins=$folder/tree/usr/lib/x86_64-linux-gnu/slurm-wlm
export LD_LIBRARY_PATH=$plugins PATH=$folder/tree/usr/bin:$folder/tree/usr/sbin:$PATH SLURM_CONF=$folder/slurm.conf
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
mkdir state
cat >slurm.conf <<END
ClusterName=one
SlurmctldHost=$(hostname)(127.0.0.1)
SlurmctldPort=$port
SlurmUser=root
AuthType=auth/none
CredType=cred/none
PluginDir=$plugins
StateSaveLocation=$folder/state
SlurmctldPidFile=$folder/slurmctld.pid
SlurmctldLogFile=$folder/slurmctld.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
NodeName=n1 NodeAddr=127.0.0.1 CPUs=4 RealMemory=8000
PartitionName=main Nodes=n1 Default=YES
END
slurmctld -D >/dev/null 2>&1 &
for _ in $(seq 100); do scontrol ping 2>/dev/null | grep -q 'is UP' && break || sleep 0.2; done
sbatch --version
submit() {
  status=0
  sbatch "$@" --wrap=true || status=$?
  echo "exit status of sbatch $*: $status"
}
submit --job-name=too-large --mem=900G
submit --job-name=nowhere --partition=nowhere
left=$(squeue --noheader --states=all --format='%j %T %r')
echo "jobs: $left"
code=$(scontrol -o show job 1 | grep -o ' ExitCode=[0-9:]*')
echo "$code"
[ "$left" = 'too-large FAILED BadConstraints' ] && [ "$code" = ' ExitCode=0:1' ]
echo 'as described'
