import test from 'ava';
import fc from 'fast-check';
import { run } from '../../../src/os/exec.js';
import { quoteWord, splitWords } from '../../../src/os/shell-words.js';

/** What `/bin/sh` reads the text as. */
async function shellWords(text: string): Promise<string[]> {
  const env = { PATH: process.env.PATH };
  const { stdout } = await run(['/bin/sh', '-c', `for word in ${text}; do printf '%s\\0' "$word"; done`], {
    env,
  });
  return stdout.split('\0').slice(0, -1);
}

test('a shell reads quoted words as they were, and other texts as splitWords does', async (t) => {
  const letters = fc.string({ unit: fc.constantFrom(...`aü'"\\ $\`\n\t~=*?[#!&;|<>(){}%-`), maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(fc.array(letters, { minLength: 1, maxLength: 30 }), async (words) => {
      t.deepEqual(await shellWords(words.map(quoteWord).join(' ')), words);
    }),
    { numRuns: 30 },
  );
  for (const text of [
    `a"b"'c'd`,
    String.raw`a\ b "\"q\" \n \$" '\n' d\\e`,
    '""  \'\'',
    'a"\\\nb"\\\nc \\\n d',
  ])
    t.deepEqual(splitWords(text), await shellWords(text), text);
});
