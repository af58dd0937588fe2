import test from 'ava';
import fc from 'fast-check';
import { parseHocon } from '../../../../src/config/hocon/parse-hocon.js';
import { isAgentError } from '../../../../src/errors.js';

/** The same cases in each run. */
const RUNS = { seed: 20_240_512, numRuns: 500 } as const;

const scalar = fc.oneof(
  fc.string({ unit: 'binary' }).map((text) => text.replace(/[\b\f]/g, '')),
  fc.integer(),
  fc
    .double({ noNaN: true, noDefaultInfinity: true })
    .filter((value) => Math.abs(value) < 1e15 && !Object.is(value, -0)),
  fc.boolean(),
  fc.constant(null),
);
const key = fc.string({ unit: 'binary' }).map((text) => text.replace(/[\b\f]/g, ''));
const { tree } = fc.letrec<{ tree: object; value: unknown }>((tie) => ({
  tree: fc.dictionary(key, tie('value'), { maxKeys: 5, noNullPrototype: true }),
  value: fc.oneof({ depthSize: 'small' }, scalar, fc.array(tie('value'), { maxLength: 4 }), tie('tree')),
}));

test('a JSON document is read as what it is', (t) => {
  fc.assert(
    fc.property(tree, fc.constantFrom(0, 4), (value, indent) => {
      const text = JSON.stringify(value, null, indent);
      t.deepEqual(
        JSON.stringify(parseHocon(text, { file: 'f', env: {} }).root),
        JSON.stringify(JSON.parse(text)),
      );
    }),
    RUNS,
  );
  t.pass();
});

const pieces = fc.array(
  fc.oneof(
    fc.constantFrom(
      'a',
      'b.c',
      '"q"',
      ':',
      '=',
      '+=',
      '{',
      '}',
      '[',
      ']',
      ',',
      '\n',
      ' ',
      '#',
      '//',
      '"',
      '"""',
      '\\',
    ),
    fc.constantFrom(
      '${',
      '${a}',
      '${?b.c}',
      '}',
      'include ',
      'include "x"',
      'true',
      '1',
      '1e',
      '-',
      '.',
      '$',
      '\r\n',
    ),
    fc.string({ unit: 'binary', maxLength: 3 }),
  ),
  { maxLength: 40 },
);

test('any text is read or refused with a coded error', (t) => {
  fc.assert(
    fc.property(pieces, (words) => {
      try {
        parseHocon(words.join(''), { file: '/nowhere/f', env: { a: 'x' } });
      } catch (error) {
        if (!isAgentError(error, 'CONFIG_SYNTAX')) throw error;
      }
    }),
    RUNS,
  );
  t.pass();
});
