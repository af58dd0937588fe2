import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

const SOURCES = path.resolve(import.meta.dirname, 'kubernetes-cluster');
/** What the programs of a cluster depend on. */
const BUILT_FROM = ['build.sh', 'go.sum', 'main.go', 'pause/main.go', 'kwok/go.sum', 'kwok/main.go'];

/** Variable that names the folder of a cluster that test files share. */
export const SHARED_CLUSTER = 'CLEARML_TEST_CLUSTER';

/** Builds the programs into the folder that is its first argument; KWOK where the second one is `kwok`. */
export const BUILD_SCRIPT = path.join(SOURCES, 'build.sh');
/** Where the programs of a cluster are: beside those of other checkouts, since they take minutes to build. */
export const PROGRAM_FOLDER =
  process.env.CLEARML_TEST_KUBERNETES ??
  path.join(
    process.env.XDG_CACHE_HOME ?? path.join(homedir(), '.cache'),
    'clearml-agent-node-tests',
    `kubernetes-${sourceKey()}`,
  );

/** All parts of a cluster in one. */
export const CLUSTER_PROGRAM = path.join(PROGRAM_FOLDER, 'cluster');
/** First process of a pod. */
export const PAUSE_PROGRAM = path.join(PROGRAM_FOLDER, 'pause');
/** Nodes and pods that exist only in the API. */
export const KWOK_PROGRAM = path.join(PROGRAM_FOLDER, 'kwok');

/** Renders charts. */
export const HELM_PROGRAM = path.join(PROGRAM_FOLDER, 'helm');

function sourceKey(): string {
  const hash = createHash('sha256').update(process.arch);
  for (const name of BUILT_FROM) hash.update(readFileSync(path.join(SOURCES, name)));
  return hash.digest('hex').slice(0, 12);
}
