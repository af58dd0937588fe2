import { avaStep, type Step } from './steps.js';

/**
 * The tests that start a cluster, one file after the other.
 *
 * @param missing settles when the cluster's programs are built, or with why there is no cluster
 */
export function kubernetesStep(
  files: readonly string[],
  node: string,
  missing: Promise<string | undefined>,
): Step {
  const title = 'tests on Kubernetes';
  return {
    title,
    async run() {
      const why = await missing;
      const skipLine = (skipped: number) => `${skipped} tests on Kubernetes are left out: ${why}`;
      const options = { files, concurrency: 1, node };
      return avaStep(title, why === undefined ? options : { ...options, skipLine }).run();
    },
  };
}
