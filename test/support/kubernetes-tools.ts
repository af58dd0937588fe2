import path from 'node:path';

/** Where build.sh of `kubernetes-cluster` puts the programs of a cluster. */
const FOLDER =
  process.env.CLEARML_TEST_KUBERNETES ?? path.resolve('node_modules/.cache/test-tools/kubernetes');

/** All parts of a cluster in one. */
export const CLUSTER_PROGRAM = path.join(FOLDER, 'cluster');
/** First process of a pod. */
export const PAUSE_PROGRAM = path.join(FOLDER, 'pause');
