import { lineOf } from '../../chaos/report.js';
import { runSeed } from '../../chaos/run-seed.js';
import { onSmallDisk } from '../../support/small-disk.js';

/** Seeds that are short and differ most; `npm run chaos` runs any number of others. */
for (const seed of [19, 44, 53])
  onSmallDisk(`tasks come to the right end whatever fails: chaos seed ${seed}`, async (t) => {
    t.timeout(300_000);
    const result = await runSeed(seed);
    t.deepEqual(result.problems, [], lineOf(result));
  });
