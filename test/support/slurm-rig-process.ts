/** A test that starts a cluster with a job and is killed: prints the folder of the cluster and waits. */
import { slurmRig } from './slurm-rig.js';

const rig = await slurmRig({ teardown: () => undefined }, { nodes: ['n1'] });
rig.slurm('sbatch', '--mem=10', '--output=/dev/null', '--wrap=trap "" TERM; sleep 600');
process.stdout.write(`${rig.folder}\n`);
setInterval(() => undefined, 60_000);
