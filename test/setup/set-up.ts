import { installPythonTools } from '../support/python-tools.js';
import { buildClusterPrograms } from './cluster-programs.js';
import { installNeeds } from './install-needs.js';
import { ON_KUBERNETES } from './needs.js';

export interface Prepared {
  /** Why there is no Kubernetes; settles when the programs of a cluster are built, while other tests run. */
  noKubernetes: Promise<string | undefined>;
}

/**
 * Installs what the parts of the tests that start other programs need.
 *
 * @param words the parts or files that were asked for; none are all
 * @throws AgentError COMMAND_MISSING naming what the machine lacks
 */
export async function setUp(words: readonly string[], wantsKubernetes: boolean): Promise<Prepared> {
  const none = { noKubernetes: Promise.resolve(undefined) };
  if (words.length > 0 && words.every((word) => word === 'unit' || word.includes('test/unit'))) return none;
  const lacking = await installNeeds();
  for (const [part, names] of lacking)
    if (part !== ON_KUBERNETES) process.stdout.write(`${part} are left out: this machine lacks ${names}\n`);
  await installPythonTools();
  if (words.length > 0 && !words.includes('integration') && !needsCluster(words)) return none;
  if (!wantsKubernetes && !needsCluster(words))
    return { noKubernetes: Promise.resolve('npm test -- --kubernetes runs them') };
  const names = lacking.get(ON_KUBERNETES);
  if (names !== undefined) return { noKubernetes: Promise.resolve(`this machine lacks ${names}`) };
  if (process.getuid?.() !== 0) return { noKubernetes: Promise.resolve('only root can start a cluster') };
  return { noKubernetes: buildClusterPrograms() };
}

export function needsCluster(words: readonly string[]): boolean {
  return words.some((word) => word.includes('kubernetes'));
}
