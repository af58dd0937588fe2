import test from 'ava';
import { dynamicLayers, readOverride } from '../../../src/config/dynamic-overrides.js';
import { mergeLayers } from '../../../src/config/layers.js';

const PLAIN: readonly [value: string, text: string][] = [
  ['secret!', 'secret!'],
  ['  a@b.example ', 'a@b.example'],
  ['k=v', 'k=v'],
  ['--x=1 *?', '--x=1 *?'],
  ['p@ss#1', 'p@ss#1'],
  ['a+b&c^d`', 'a+b&c^d`'],
  ['pa$$word', 'pa$$word'],
];

for (const [value, text] of PLAIN) {
  test(`${value} is a text without quotes`, (t) => {
    const { tree, plain } = readOverride('CLEARML_AGENT__AGENT__GIT_PASS', value, {});
    t.deepEqual([tree, plain], [{ agent: { git_pass: text } }, true]);
  });
}

const REFUSED: readonly [value: string, message: string][] = [
  ['{task_id}-x', "expected ':', '=', '+=' or '{' after the key, found '}' at letter 9 of the value"],
  ['[1, 2', "expected ']', found the end of the text at letter 6 of the value"],
  ['"w1', 'expected the closing " of this text on its line, found \'"\' at letter 1 of the value'],
  ['1\n}', "expected a key, found '}' in line 2 of the value"],
  [
    '${agent.x}',
    'expected a value for ${agent.x}, found no such key and no such environment variable at letter 1 of the value',
  ],
];

for (const [value, message] of REFUSED) {
  test(`${JSON.stringify(value)} is refused by the name of its variable`, (t) => {
    const error = t.throws(() => readOverride('CLEARML_AGENT__AGENT__X', value, {}), {
      code: 'CONFIG_VALUE',
    });
    t.is(error?.message, `CLEARML_AGENT__AGENT__X: ${message}`);
  });
}

test('a name without a key is refused', (t) => {
  t.throws(() => readOverride('CLEARML_AGENT____', 'x', {}), {
    code: 'CONFIG_VALUE',
    message: /expected a key after "CLEARML_AGENT__", found none/,
  });
});

test('what looks like a duration is a text', (t) => {
  t.deepEqual(readOverride('CLEARML_AGENT__A__T', '5m', {}).tree, { a: { t: '5m' } });
});

test('variables are laid over each other by their names, each a layer that names it', (t) => {
  const layers = dynamicLayers({
    CLEARML_AGENT__A__B__C: '2',
    CLEARML_AGENT__A__B: '{ c: 1, d: ${OTHER} }',
    OTHER: 'x',
    clearml_agent__a__e: '3',
    CLEARML_AGENT__A__GONE: undefined,
  });
  t.deepEqual(
    layers.map(({ source }) => source.name),
    ['CLEARML_AGENT__A__B', 'CLEARML_AGENT__A__B__C'],
  );
  t.deepEqual(mergeLayers(layers), { a: { b: { c: 2, d: 'x' } } });
});
