import test, { type Implementation } from 'ava';
import { lackingForRig, type RigOptions, type SlurmRig, slurmRig } from './slurm-rig.js';

type Declare = (title: string, implementation: Implementation<[]>) => void;

/** Declares tests that start a cluster; where there is none, one line of the file says that they are left out. */
export const slurmTest: Declare = declareOn(test.serial, {});

/** The same for a cluster with accounting, whose tests run at once. */
export const accountingTest: Declare = declareOn(test, { accounting: true });

/** The same for jobs with containers. */
export const podmanTest: Declare = declareOn(test.serial, { podman: true });

function declareOn(declare: Declare, options: RigOptions): Declare {
  const lacking = lackingForRig(options);
  if (lacking === undefined) return declare;
  let isSaid = false;
  return () => {
    if (!isSaid) test.skip(`the tests of this file need Slurm: ${lacking}`, () => undefined);
    isSaid = true;
  };
}

/** A cluster for the tests of one file. */
export function sharedRig(options: RigOptions = {}): { get(): SlurmRig } {
  const ends: (() => unknown)[] = [];
  let rig: SlurmRig | undefined;
  if (lackingForRig(options) === undefined) {
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
