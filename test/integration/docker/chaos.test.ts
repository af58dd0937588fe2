import { ContainerEngine } from '../../chaos/container-engine.js';
import { lineOf } from '../../chaos/report.js';
import { runSeed } from '../../chaos/run-seed.js';
import { onSmallDisk } from '../../support/small-disk.js';

/** One of many; `npm run chaos -- --mode container` runs the others. */
const SEED = 12;

onSmallDisk(`tasks in containers come to the right end whatever fails: chaos seed ${SEED}`, async (t) => {
  t.timeout(300_000);
  const engine = await ContainerEngine.start();
  t.teardown(() => engine.stop());
  const result = await runSeed(SEED, engine);
  t.deepEqual(result.problems, [], lineOf(result));
});
