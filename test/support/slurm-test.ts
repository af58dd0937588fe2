import test from 'ava';
import { hasSlurm, type RigOptions, type SlurmRig, slurmRig } from './slurm-rig.js';

/** Tests that start a cluster; they are left out where Slurm is not installed. */
export const slurmTest = hasSlurm() ? test.serial : test.skip;

/** A cluster for the tests of one file. */
export function sharedRig(options: RigOptions = {}): { get(): SlurmRig } {
  const ends: (() => unknown)[] = [];
  let rig: SlurmRig | undefined;
  if (hasSlurm()) {
    test.before(async () => {
      rig = await slurmRig({ teardown: (end) => ends.push(end) }, options);
    });
    test.after.always(async () => {
      for (const end of ends) await end();
    });
  }
  return {
    get() {
      if (rig === undefined) throw new Error('the cluster did not start');
      return rig;
    },
  };
}
