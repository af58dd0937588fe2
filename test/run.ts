/**
 * Runs the checks and tests. Without words all of them; `unit` or `integration` that part; paths those files.
 *
 *   --node24        runs the tests by Node 24 instead of the Node that runs this
 *   --also-node24   runs what depends on the release a second time, by Node 24
 *   --kubernetes    builds a cluster and runs the tests on Kubernetes, too
 */
import { readdirSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { causeLine } from '../src/errors.js';
import { kubernetesStep } from './runner/kubernetes-step.js';
import { avaStep, checkStep, type Step } from './runner/steps.js';
import { addTallies, type Tally, tallyLine } from './runner/tally.js';
import { buildTests } from './setup/built-tests.js';
import { nodeRelease } from './setup/node-release.js';
import { needsCluster, setUp } from './setup/set-up.js';
import { pythonTool } from './support/python-tools.js';

const UNIT = ['test/unit/**/*.test.ts', 'test/golden/*.test.ts'];
/** A cluster takes as much of the machine as three other files. */
const KUBERNETES = 'test/integration/kubernetes/*.test.ts';
const INTEGRATION = ['test/integration/**/*.test.ts', `!${KUBERNETES}`];
/** What depends most on the release of Node: processes, sockets, SQLite, and the parsers that the recorded cases try. */
const ON_EACH_RELEASE = [
  'test/golden/*.test.ts',
  'test/unit/{api,drivers,logs,os,server}/*.test.ts',
  'test/integration/{os,local,logs,api,monitor}/*.test.ts',
];
/** What differs most between engines: set-up steps, life and end of containers, the whole agent on them. */
const ON_PODMAN = [
  'test/integration/docker/{chaos,contract,docker-driver,setup-scripts,tasks-in-containers,prune}.test.ts',
];
const FILES_AT_ONCE = 2;
/** Integration tests wait for processes more than they compute. */
const WAITING_FILES_AT_ONCE = 3;

const STATIC: readonly Step[] = [
  checkStep('format', [['biome', 'format', '.']]),
  checkStep('lint', [
    ['biome', 'lint', '--error-on-warnings', '.'],
    ['depcruise', 'src', '--config', '.dependency-cruiser.cjs', '--output-type', 'err-long'],
    ['knip'],
    ['knip', '--production', '--tags=-golden'],
  ]),
];
/** Tests start and import the built program, so checking the types also builds it, and them. */
const TYPES = checkStep('types', [
  ['npm', 'run', '--silent', 'build'],
  ['tsc', '-p', 'test/tsconfig.json'],
  ['tsc', '-p', 'web/tsconfig.json'],
]);
const BUILD: Step = {
  title: TYPES.title,
  run: async () => {
    const [tally] = await Promise.all([TYPES.run(), buildTests()]);
    return tally;
  },
};

function shellOf(file: string): 'bash' | 'sh' {
  return readFileSync(file, 'utf8').startsWith('#!/bin/bash') ? 'bash' : 'sh';
}

/** The programs in Python and shell that lie beside the modules. */
const PROGRAMS: Step = {
  title: 'Python and shell programs',
  run: async () => {
    const ruff = await pythonTool('ruff');
    const shell = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.sh'),
    );
    return checkStep('Python and shell programs', [
      [ruff, 'check', '--quiet', 'src', 'test'],
      [ruff, 'format', '--quiet', '--check', 'src', 'test'],
      ...shell.map((file): [string, ...string[]] => [shellOf(`src/${file}`), '-n', `src/${file}`]),
    ]).run();
  },
};

interface Choice {
  words: readonly string[];
  /** The Node that runs the tests. */
  node: string;
  /** A second Node, for a part of the tests. */
  second: string | undefined;
  /** Why there is no Kubernetes. */
  noKubernetes: Promise<string | undefined>;
}

function unitTests(node: string): Step {
  return avaStep('unit tests', { files: UNIT, concurrency: FILES_AT_ONCE, node });
}

/** What needs no more than Node, git and Python 3; the set-up runs beside it. */
function planBeforeSetUp(words: readonly string[], node: string): Step[] {
  if (words.length === 0) return [...STATIC, BUILD, unitTests(node)];
  return words.includes('unit') ? [BUILD, unitTests(node)] : [BUILD];
}

function planAfterSetUp({ words, node, second, noKubernetes }: Choice): Step[] {
  const files = words.filter((word) => word !== 'unit' && word !== 'integration');
  if (files.length > 0) {
    const chosen = { files, concurrency: FILES_AT_ONCE, node };
    return [
      needsCluster(files) ? kubernetesStep(files, node, noKubernetes) : avaStep('chosen tests', chosen),
    ];
  }
  const integration = avaStep('integration tests', {
    files: INTEGRATION,
    concurrency: WAITING_FILES_AT_ONCE,
    node,
  });
  const podman = avaStep('container tests on Podman', {
    files: ON_PODMAN,
    concurrency: WAITING_FILES_AT_ONCE,
    node,
    env: { AGENT_TEST_ENGINE: 'podman' },
  });
  const engines = [integration, podman, kubernetesStep([KUBERNETES], node, noKubernetes)];
  if (words.length > 0) return words.includes('integration') ? engines : [];
  if (second === undefined) return [PROGRAMS, ...engines];
  const again = { files: ON_EACH_RELEASE, concurrency: FILES_AT_ONCE, node: second };
  return [PROGRAMS, ...engines, avaStep('tests by Node 24', again)];
}

async function timed<T>(title: string, act: () => Promise<T>, summary: (result: T) => string): Promise<T> {
  process.stdout.write(`\n── ${title}\n`);
  const begun = performance.now();
  const result = await act();
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  process.stdout.write(`   ${summary(result)} in ${seconds} s\n`);
  return result;
}

async function main(): Promise<number> {
  const { values, positionals: words } = parseArgs({
    allowPositionals: true,
    options: {
      node24: { type: 'boolean' },
      'also-node24': { type: 'boolean' },
      kubernetes: { type: 'boolean' },
    },
  });
  const node = values.node24 === true ? await nodeRelease(24) : process.execPath;
  const tallies: Tally[] = [];
  const runAll = async (steps: readonly Step[]) => {
    for (const step of steps) tallies.push(await timed(step.title, step.run, tallyLine));
  };
  const prepared = Promise.all([
    setUp(words, values.kubernetes === true),
    values['also-node24'] === true ? nodeRelease(24) : undefined,
  ]);
  // It is awaited after the first steps; a refusal must not end them.
  prepared.catch(() => undefined);
  await runAll(planBeforeSetUp(words, node));
  const [{ noKubernetes }, second] = await timed(
    'rest of the set-up',
    () => prepared,
    () => 'ready',
  );
  await runAll(planAfterSetUp({ words, node, second, noKubernetes }));
  return close(addTallies(tallies));
}

function close(total: Tally): number {
  if (total.failures.length > 0)
    process.stdout.write(`\nfailed:\n${total.failures.map((one) => `  ${one}\n`).join('')}`);
  process.stdout.write(`\n${tallyLine(total)}\n`);
  return total.failed > 0 || total.passed === 0 ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stdout.write(`${causeLine(error)}\n`);
  process.exitCode = 2;
}
