import { readdirSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { bundleAt } from '../../../../src/cli/app/app-path.js';

const EXAMPLES = path.resolve(import.meta.dirname, '../../../../examples/apps');
const names = readdirSync(EXAMPLES, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

for (const name of names) {
  test(`the example ${name} is a valid application without warnings`, async (t) => {
    const { app, errors, warnings } = await bundleAt(path.join(EXAMPLES, name));
    t.deepEqual([errors, warnings], [[], []]);
    t.is(app?.id, name);
  });
}
