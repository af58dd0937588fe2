import { causeLine } from '../../src/errors.js';
import { hasKubernetes, kubernetesRig } from '../support/kubernetes-rig.js';
import { SHARED_CLUSTER } from '../support/kubernetes-tools.js';
import { avaStep, type Step } from './steps.js';
import { emptyTally, type Tally } from './tally.js';

const TITLE = 'tests on Kubernetes';
/** They wait for pods more than they compute; those that start pods side by side count. */
const FILES_AT_ONCE = 3;

/**
 * The tests on Kubernetes, on one cluster for all files but those that harm theirs.
 *
 * @param missing settles when the cluster's programs are built, or with why they are not
 */
export function kubernetesStep(
  files: readonly string[],
  node: string,
  missing: Promise<string | undefined>,
): Step {
  const options = { files, concurrency: FILES_AT_ONCE, node };
  return {
    title: TITLE,
    async run() {
      const why = await missing;
      if (hasKubernetes()) return onCluster((env) => avaStep(TITLE, { ...options, env }).run());
      const skipLine = (skipped: number) => `${skipped} tests on Kubernetes are left out: ${why}`;
      return avaStep(TITLE, { ...options, skipLine }).run();
    },
  };
}

async function onCluster(act: (env: Record<string, string>) => Promise<Tally>): Promise<Tally> {
  const ends: (() => unknown)[] = [];
  try {
    const { folder } = await kubernetesRig({ teardown: (end) => ends.push(end) });
    return await act({ [SHARED_CLUSTER]: folder });
  } catch (error) {
    return { ...emptyTally(), failed: 1, failures: [`${TITLE}: ${causeLine(error)}`] };
  } finally {
    for (const end of ends) await end();
  }
}
