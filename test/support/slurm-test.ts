import test, { type Implementation } from 'ava';
import { lackingForSlurm, type RigOptions, type SlurmRig, slurmRig } from './slurm-rig.js';

const lacking = lackingForSlurm();

/** Tests that start a cluster; where there is none, one line of the file says that they are left out. */
export const slurmTest: (title: string, implementation: Implementation<[]>) => void =
  lacking === undefined ? test.serial : () => undefined;

if (lacking !== undefined) test.skip(`the tests of this file need Slurm: ${lacking}`, () => undefined);

/** A cluster for the tests of one file. */
export function sharedRig(options: RigOptions = {}): { get(): SlurmRig } {
  const ends: (() => unknown)[] = [];
  let rig: SlurmRig | undefined;
  if (lacking === undefined) {
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
