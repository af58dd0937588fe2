import test from 'ava';
import { Config } from '../../../src/config/config.js';
import { type ListKind, readList } from '../../../src/config/lists.js';
import { shippedLayer } from '../../../src/config/load.js';
import type { VariableName } from '../../../src/config/options/option-types.js';

const FLAGS = ['--no-deps', '--pre'];
const NAMES = ['ONE', 'TWO'];

const CASES: readonly [kind: ListKind, items: string[], texts: string[]][] = [
  [
    'words',
    FLAGS,
    [
      '--no-deps --pre',
      ' --no-deps\n--pre\n',
      '["--no-deps", "--pre"]',
      '["--no-deps", "--pre", ]',
      "['--no-deps', '--pre']",
      '[--no-deps, --pre]',
      '[ --no-deps --pre ]',
      '[\n  "--no-deps",\n  "--pre",\n]',
      '--no-deps,--pre',
      '--no-deps, --pre,',
      '"--no-deps", "--pre"',
      '"--no-deps","--pre"',
      `'["--no-deps", "--pre"]'`,
    ],
  ],
  ['words', ['--no-deps'], ['["--no-deps", ]', '[--no-deps, ]', '["--no-deps"]', '--no-deps', '--no-deps,']],
  ['words', [], ['', ' ', '[]', '[ ]', ',']],
  // A comma inside a word stays there.
  [
    'words',
    ['--gpus', 'device=0,1'],
    ['--gpus device=0,1', '["--gpus", "device=0,1"]', '[--gpus, "device=0,1"]'],
  ],
  ['words', ['-e', 'A=b, c', '-v', '/a:/b:ro,z'], ['-e "A=b, c" -v /a:/b:ro,z']],
  ['words', ['--mount', 'type=bind,source=/a,target=/b'], ['--mount type=bind,source=/a,target=/b']],
  ['words', ['--config-settings=x=-Wl,--as-needed'], ['--config-settings=x=-Wl,--as-needed']],
  ['words', ['--find-links', '/a b'], ['--find-links "/a b"', '["--find-links", "/a b"]']],
  [
    'names',
    NAMES,
    [
      'ONE,TWO',
      'ONE, TWO',
      'ONE TWO',
      'ONE ,TWO,',
      'ONE\nTWO',
      '["ONE","TWO"]',
      "['ONE', 'TWO', ]",
      '[ONE, TWO]',
      "'ONE','TWO'",
    ],
  ],
  ['names', ['my queue', 'b'], ['"my queue", b', `["my queue", "b"]`, "'my queue' b"]],
  ['pairs', ['a=1', 'b=2'], ['a=1 b=2', 'a=1,b=2', '["a=1", "b=2"]', 'a=1, b=2,']],
  ['pairs', ['auth=basic,digest', 'b=2'], ['auth=basic,digest b=2', 'auth=basic,digest,b=2']],
];

for (const [kind, items, texts] of CASES) {
  for (const text of texts)
    test(`${JSON.stringify(text)} as ${kind}`, (t) => t.deepEqual(readList(text, kind), items));
}

for (const value of [
  'ONE,TWO',
  'ONE TWO',
  '["ONE", "TWO"]',
  ['ONE', 'TWO'],
  ['ONE, TWO'],
  ["'ONE'", "'TWO',"],
]) {
  test(`names in the configuration: ${JSON.stringify(value)}`, (t) => {
    const tree = { agent: { hide_docker_command_env_vars: { extra_keys: value } } };
    const layer = { tree, source: { kind: 'file', name: 'clearml.conf' } as const };
    t.deepEqual(
      new Config({ env: {}, base: [shippedLayer(), layer] }).agent.hideDockerCommandEnvVars.extraKeys,
      NAMES,
    );
  });
}

test('arguments in the configuration: a text is split, a list stays as it is', (t) => {
  const read = (value: string | string[]) => {
    const tree = { agent: { package_manager: { extra_pip_install_flags: value } } };
    const layer = { tree, source: { kind: 'file', name: 'clearml.conf' } as const };
    return new Config({ env: {}, base: [layer] }).agent.packageManager.extraPipInstallFlags;
  };
  t.deepEqual(read('--no-deps --pre'), FLAGS);
  t.deepEqual(read('["--no-deps", "--pre", ]'), FLAGS);
  t.deepEqual(read(['--find-links', '/a b']), ['--find-links', '/a b']);
});

const VARIABLES: readonly [name: VariableName, text: string, items: string[]][] = [
  ['CLEARML_EXTRA_PIP_INSTALL_FLAGS', '["--no-deps", ]', ['--no-deps']],
  ['CLEARML_AGENT_EXTRA_DOCKER_ARGS', "['-v', '/a:/b']", ['-v', '/a:/b']],
  ['CLEARML_AGENT_DOCKER_ARGS_FILTERS', '["^--env$", "^-e$"]', ['^--env$', '^-e$']],
  ['CLEARML_AGENT_DOCKER_ARGS_HIDE_ENV', 'ONE,TWO', NAMES],
  ['CLEARML_AGENT_EXTRA_DOCKER_LABELS', 'a=1,b=2', ['a=1', 'b=2']],
  ['CLEARML_WORKER_TAGS', 'gpu,fast', ['gpu', 'fast']],
];

for (const [name, text, items] of VARIABLES) {
  test(`${name}=${text}`, (t) => {
    t.deepEqual(new Config({ env: { [name]: text }, base: [] }).words(name), items);
  });
}
