import test from 'ava';
import fc from 'fast-check';
import { isCoded } from '../../fuzz/coded.js';
import { findings, seedsOf } from '../../fuzz/corpus.js';
import { Mutator, randomFrom } from '../../fuzz/mutate.js';
import { FUZZ_TARGETS, SECONDS_A_TEXT } from '../../fuzz/targets.js';

/** Texts a target that are made of its seeds; `npm run fuzz` tries millions. */
const MADE = 60;

async function outcome(name: string, text: string): Promise<'read' | 'refused'> {
  try {
    await FUZZ_TARGETS[name]?.(text);
    return 'read';
  } catch (error) {
    if (isCoded(error)) return 'refused';
    throw error;
  }
}

/** By the processor's time, which a busy machine does not change. */
async function seconds(work: () => Promise<unknown>): Promise<number> {
  const begun = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(begun);
  return (user + system) / 1_000_000;
}

for (const name of Object.keys(FUZZ_TARGETS)) {
  for (const { name: file, text } of findings(name))
    test(`${name}: the finding ${file} is read or refused, soon`, async (t) => {
      t.true((await seconds(() => outcome(name, text))) < SECONDS_A_TEXT);
    });

  test(`${name}: texts made of well-formed ones are read or refused`, async (t) => {
    const seeds = seedsOf(name);
    t.true(seeds.length > 0);
    const mutator = new Mutator(randomFrom(20_261_128), seeds, ['a', 'b']);
    const texts = [...seeds, ...Array.from({ length: MADE }, () => mutator.next())];
    for (const text of texts) await t.notThrowsAsync(outcome(name, text), JSON.stringify(text));
  });

  test(`${name}: any text is read or refused`, async (t) => {
    const any = fc.oneof(fc.string({ unit: 'binary', maxLength: 200 }), fc.json({ maxDepth: 4 }));
    await fc.assert(
      fc.asyncProperty(any, async (text) => void (await outcome(name, text))),
      { seed: 20_261_128, numRuns: 60 },
    );
    t.pass();
  });
}

test('a well-formed text of each format is read', async (t) => {
  for (const name of Object.keys(FUZZ_TARGETS)) {
    const outcomes = await Promise.all(seedsOf(name).map((text) => outcome(name, text)));
    t.true(outcomes.includes('read'), name);
  }
});
