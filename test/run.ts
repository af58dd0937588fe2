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
import { buildClusterPrograms } from './setup/cluster-programs.js';
import { installNeeds } from './setup/install-needs.js';
import { ON_KUBERNETES } from './setup/needs.js';
import { nodeRelease } from './setup/node-release.js';
import { installPythonTools, pythonTool } from './support/python-tools.js';

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
/** Tests start the built program, so checking the types also builds it. */
const BUILD = checkStep('types', [
  ['npm', 'run', '--silent', 'build'],
  ['tsc', '-p', 'test/tsconfig.json'],
  ['tsc', '-p', 'web/tsconfig.json'],
]);

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

function plan({ words, node, second, noKubernetes }: Choice): Step[] {
  const unit = avaStep('unit tests', { files: UNIT, concurrency: FILES_AT_ONCE, node });
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
  const kubernetes = kubernetesStep([KUBERNETES], node, noKubernetes);
  const files = words.filter((word) => word !== 'unit' && word !== 'integration');
  if (files.length > 0) {
    const chosen = { files, concurrency: FILES_AT_ONCE, node };
    return [
      BUILD,
      needsCluster(files) ? kubernetesStep(files, node, noKubernetes) : avaStep('chosen tests', chosen),
    ];
  }
  if (words.length > 0) {
    const chosen = [
      ...(words.includes('unit') ? [unit] : []),
      ...(words.includes('integration') ? [integration, podman, kubernetes] : []),
    ];
    return [BUILD, ...chosen];
  }
  const all = [...STATIC, PROGRAMS, BUILD, unit, integration, podman, kubernetes];
  if (second === undefined) return all;
  const again = { files: ON_EACH_RELEASE, concurrency: FILES_AT_ONCE, node: second };
  return [...all, avaStep('tests by Node 24', again)];
}

function needsCluster(words: readonly string[]): boolean {
  return words.some((word) => word.includes('kubernetes'));
}

/**
 * The parts that start other programs need them installed.
 *
 * @returns why there is no Kubernetes; its programs are built while other tests run
 */
async function setUp(
  words: readonly string[],
  wantsKubernetes: boolean,
): Promise<{ noKubernetes: Promise<string | undefined> }> {
  const none = { noKubernetes: Promise.resolve(undefined) };
  if (words.length > 0 && words.every((word) => word === 'unit' || word.includes('test/unit'))) return none;
  const lacking = await installNeeds();
  for (const [part, names] of lacking)
    if (part !== ON_KUBERNETES) process.stdout.write(`${part} are left out: this machine lacks ${names}\n`);
  await installPythonTools();
  if (words.length > 0 && !words.includes('integration') && !needsCluster(words)) return none;
  if (!wantsKubernetes) return { noKubernetes: Promise.resolve('npm test -- --kubernetes runs them') };
  const names = lacking.get(ON_KUBERNETES);
  if (names !== undefined) return { noKubernetes: Promise.resolve(`this machine lacks ${names}`) };
  if (process.getuid?.() !== 0) return { noKubernetes: Promise.resolve('only root can start a cluster') };
  return { noKubernetes: buildClusterPrograms() };
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
  const wants24 = values.node24 === true || values['also-node24'] === true;
  const prepare = async () => ({
    ...(await setUp(words, values.kubernetes === true || needsCluster(words))),
    node24: wants24 ? await nodeRelease(24) : undefined,
  });
  const { node24, noKubernetes } = await timed('set-up', prepare, () => 'ready');
  const node = values.node24 === true ? (node24 ?? process.execPath) : process.execPath;
  const second = values['also-node24'] === true ? node24 : undefined;
  const tallies: Tally[] = [];
  for (const step of plan({ words, node, second, noKubernetes }))
    tallies.push(await timed(step.title, step.run, tallyLine));
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
