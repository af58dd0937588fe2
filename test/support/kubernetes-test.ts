import { randomBytes } from 'node:crypto';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import PQueue from 'p-queue';
import { clusterIn, type KubernetesRig } from './kubernetes-access.js';
import { hasKubernetes, kubernetesRig, type OwnKubernetes } from './kubernetes-rig.js';
import { SHARED_CLUSTER } from './kubernetes-tools.js';

/** Tests that need a cluster; they are left out where its program is not built. */
export const kubernetesTest = hasKubernetes() ? test.serial : test.skip;

/** More pods that start at once on two processors only wait for each other. */
const turns = new PQueue({ concurrency: 4 });

/** The same for tests that share the namespace with others at the same time: each looks at its own pods only. */
export function besideTest(title: string, implementation: (t: ExecutionContext) => PromiseLike<void>): void {
  if (hasKubernetes()) test(title, (t) => turns.add(async () => implementation(t)));
  else test.skip(title, implementation);
}

/** A namespace for the tests of one file, on the cluster that files share; by itself a file starts that cluster. */
export function sharedRig(): { get(): KubernetesRig } {
  const shared = process.env[SHARED_CLUSTER];
  if (shared === undefined) return ownRig();
  return rigOfFile(async (end) => {
    const file = path.basename(test.meta.file).split('.')[0];
    const rig = await clusterIn(shared, `${file}-${randomBytes(3).toString('hex')}`);
    // What a failed test has left takes no room from others.
    end(() => rig.api.deleteNamespace({ name: rig.namespace }));
    return rig;
  });
}

/** A cluster for the tests of one file alone, for those that harm it. */
export function ownRig(): { get(): OwnKubernetes } {
  return rigOfFile((end) => kubernetesRig({ teardown: end }));
}

type AddEnd = (end: () => unknown) => void;

function rigOfFile<Rig>(make: (end: AddEnd) => Promise<Rig>): { get(): Rig } {
  const ends: (() => unknown)[] = [];
  let rig: Rig | undefined;
  if (hasKubernetes()) {
    test.before(async () => {
      rig = await make((end) => ends.push(end));
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
