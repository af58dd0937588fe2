import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { TaskScript } from '../../../src/api/task-record.js';
import type { ConfigTree } from '../../../src/config/config.js';
import { isAgentError } from '../../../src/errors.js';
import { parseRequirementList } from '../../../src/packaging/requirement-list.js';
import { planInstall } from '../../../src/python/install/install-plan.js';
import type { Installer } from '../../../src/python/install/installer.js';
import { readPipConfiguration } from '../../../src/python/install/pip-configuration.js';
import { pipInstaller } from '../../../src/python/install/pip-installer.js';
import { runPlan } from '../../../src/python/install/plan-runner.js';
import { uvInstaller } from '../../../src/python/install/uv-installer.js';
import { prepareEnvironment } from '../../../src/python/prepare.js';
import { environmentRequest } from '../../support/python-environment-job.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

/** In each value of a task, so that it is found again in the calls of programs. */
const MARK = 'h0stile';

/** Writes down its words and the list that it is given, and answers as package tools do. */
const RECORDER = `#!/bin/sh
for word; do printf '%s\\001' "$word"; done >>"$RECORD.calls"
printf '\\002' >>"$RECORD.calls"
for word; do case $word in *requirements.txt) [ -f "$word" ] && cat "$word" >>"$RECORD.lists" ;; esac; done
case "\${0##*/} $1" in
  'uv --version') echo 'uv 0.13.8' ;;
  'conda --version') echo 'conda 24.5.0' ;;
  'poetry --version') echo 'Poetry (version 2.5.1)' ;;
  'conda create') python3 -m venv --without-pip "$4" ;;
  'conda run') shift 4; exec "$@" ;;
  'uv sync') python3 -m venv --without-pip "$UV_PROJECT_ENVIRONMENT" ;;
esac
exit 0
`;

/** Lines of a list, and the options among them that may reach a program as its options. */
const LINES: readonly [line: string, taken?: readonly string[]][] = [
  [`-${MARK}`],
  [`--${MARK}`],
  [`--target=/${MARK}`],
  [`--target /${MARK}`],
  [`-t/${MARK}`],
  [`--python /${MARK}`],
  [`--config-settings=${MARK}=1`],
  [`--config-file /${MARK}.toml`],
  [`--cache-dir=/${MARK}`],
  [`--log=/${MARK}`],
  [`-U --constraint /${MARK}`],
  [`-U --index-url http://${MARK}.invalid`],
  [`-U --no-binary --${MARK}`],
  [`-U --trusted-host --${MARK}`],
  [`--trusted-host --${MARK}`],
  [`--no-binary --${MARK}`],
  [`alpha --index-url=http://${MARK}.invalid`],
  [`alpha -i http://${MARK}.invalid`],
  [`alpha\u2028--index-url=http://${MARK}.invalid/a`],
  [`alpha\x1f--target=/${MARK}`],
  [`alpha==1.0 --target=/${MARK}`],
  [`alpha==--target=/${MARK}`],
  [`alpha[--${MARK}]==1`],
  [`alpha; python_version > "3" --target=/${MARK}`],
  [`alpha @ --${MARK}`],
  [`-e --${MARK}`],
  [`git+--${MARK}`],
  [`git+https://${MARK}.invalid/r@--${MARK}`],
  [`--${MARK}::alpha=1`],
  [`--trusted-host ${MARK}.invalid`, ['--allow-insecure-host', `${MARK}.invalid`]],
];

interface Recorder {
  bin: string;
  record: string;
  /** Words of calls that hold a value of the task, in order; `--requirement`s of the list itself are no options. */
  hostile(): string[];
  calls(): string[][];
  lists(): string;
}

function recorder(t: ExecutionContext, names: readonly string[]): Recorder {
  const bin = temporaryFolder(t);
  const record = path.join(bin, 'record');
  for (const name of names) {
    writeFileSync(path.join(bin, name), RECORDER);
    chmodSync(path.join(bin, name), 0o755);
  }
  for (const file of ['calls', 'lists']) writeFileSync(`${record}.${file}`, '');
  const calls = () =>
    readFileSync(`${record}.calls`, 'utf8')
      .split('\u0002')
      .slice(0, -1)
      .map((call) => call.split('\u0001').slice(0, -1));
  return {
    bin,
    record,
    calls,
    hostile: () =>
      calls().flatMap((call) =>
        call.flatMap((word, at) => (word.includes(MARK) ? [call[at - 1] ?? '', word] : [])),
      ),
    lists: () => readFileSync(`${record}.lists`, 'utf8'),
  };
}

/** A line as Python ends and strips it, which pip does. */
function pythonLines(text: string): string[] {
  return text
    .split(/[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/)
    .map((line) => line.replace(/^[\s\x1c-\x1f\x85]+/, ''));
}

for (const tool of ['pip', 'uv'] as const)
  for (const [at, [line, taken = []]] of LINES.entries())
    test(`${tool}: line ${at} of a list, ${JSON.stringify(line)}`, async (t) => {
      const program = recorder(t, [tool]);
      const { request } = environmentRequest(t, { programs: [program.bin], env: { RECORD: program.record } });
      const { place, reporter, signal, settings } = request;
      const env = await place.environment();
      const context = {
        place,
        python: 'python3',
        pythonName: 'Python 3',
        cwd: undefined,
        listFile: path.join(program.bin, 'requirements.txt'),
        env: {},
        reporter,
        signal,
      };
      const installers: Record<typeof tool, () => Promise<Installer>> = {
        pip: async () => pipInstaller(context, { argv: ['pip'], version: '25.0' }, settings.pip),
        uv: async () =>
          uvInstaller(context, {
            uv: { program: 'uv', version: '0.13.8' },
            flags: [],
            pip: await readPipConfiguration(place, {}),
            options: { bestMatch: true, offline: false, fresh: false },
            env,
          }),
      };
      const list = parseRequirementList([line, 'other']);
      const plan = planInstall(list, settings.requirements);
      const installer = await installers[tool]();
      t.is(await runPlan({ plan, installer, priorityFirst: false, reporter }), undefined);
      t.true(program.calls().length > 0);
      t.deepEqual(program.hostile(), tool === 'uv' ? taken : []);
      // Inside of the list, nothing is an option that the agent has not read as one.
      const read = new Set(Object.values(list.options).flat().map(String));
      const unread = pythonLines(program.lists()).filter(
        (one) =>
          one.startsWith('-') && !one.startsWith('-e ') && ![...read].some((text) => one.endsWith(text)),
      );
      t.deepEqual(unread, []);
    });

interface Whole {
  agent: ConfigTree;
  requirements: TaskScript['requirements'];
}

const LIST = LINES.map(([line]) => line);
/** Tools that get more of a task than lines of a list. */
const TOOLS: Readonly<Record<'conda' | 'poetry' | 'uv', Whole>> = {
  conda: {
    agent: { package_manager: { type: 'conda' } },
    requirements: { conda: [...LIST, `--${MARK}::numpy`, `numpy=1[channel=--${MARK}]`], pip: LIST },
  },
  poetry: { agent: { package_manager: { type: 'poetry' } }, requirements: {} },
  uv: { agent: { package_manager: { type: 'uv' } }, requirements: {} },
};

for (const [tool, { agent, requirements }] of Object.entries(TOOLS))
  test(`${tool}: packages, interpreter and project of a task are no options`, async (t) => {
    const program = recorder(t, [tool, 'pip']);
    const repository = path.join(temporaryFolder(t), `--${MARK}`);
    mkdirSync(repository);
    const project = `name = "--${MARK}"\nversion = "--${MARK}"\n`;
    writeFileSync(path.join(repository, 'pyproject.toml'), `[project]\n${project}[tool.poetry]\n${project}`);
    const { request } = environmentRequest(t, {
      agent,
      programs: [program.bin],
      repository,
      binary: `python3 --${MARK}`,
      env: { RECORD: program.record },
    });
    const script = { ...request.task.script, requirements: requirements ?? {} };
    const error = await prepareEnvironment({ ...request, task: { script } }).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (error !== undefined && !isAgentError(error)) throw error;
    t.true(program.calls().some(([command]) => command !== '--version'));
    t.deepEqual(
      program.hostile().filter((word) => word.includes(MARK) && word.startsWith('-')),
      [],
    );
  });
