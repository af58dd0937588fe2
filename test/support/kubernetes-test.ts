import test from 'ava';
import { hasKubernetes, type KubernetesRig, kubernetesRig } from './kubernetes-rig.js';

/** Tests that start a cluster; they are left out where its program is not built. */
export const kubernetesTest = hasKubernetes() ? test.serial : test.skip;

/** The same for tests that share the cluster with others at the same time: each looks at its own pods only. */
export const besideTest = hasKubernetes() ? test : test.skip;

/** A cluster for the tests of one file. */
export function sharedRig(): { get(): KubernetesRig } {
  const ends: (() => unknown)[] = [];
  let rig: KubernetesRig | undefined;
  if (hasKubernetes()) {
    test.before(async () => {
      rig = await kubernetesRig({ teardown: (end) => ends.push(end) });
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
