import { stat } from 'node:fs/promises';
import { AgentError } from '../../errors.js';
import { emptyOptions, type ListOptions, optionLines, quotedPath } from '../../packaging/list-options.js';
import { normalName } from '../../packaging/requirement.js';
import { clearFolder } from '../clear-folder.js';
import { gitVariables } from '../containers/container-git.js';
import type { EnvironmentRequest, PythonEnvironment } from '../environment-request.js';
import { INSTALL_TOOLS } from '../inherited-packages.js';
import { type InstalledPackage, inspectEnvironment } from '../install/environment-inspection.js';
import { freezeLines } from '../install/freeze.js';
import { withheldLogins } from '../install/index-logins.js';
import { installError } from '../install/install-failure.js';
import { withIndexes } from '../install/install-plan.js';
import { readPipConfiguration } from '../install/pip-configuration.js';
import { pipInstaller } from '../install/pip-installer.js';
import { indexesOfLists } from '../install/task-indexes.js';
import { CLEAN_ENVIRONMENT } from '../python-environment.js';
import { channelsOf, environmentFile, missingDependencies, withoutMissing } from './conda-plan.js';
import {
  type CondaProgram,
  createArguments,
  findConda,
  runArguments,
  updateArguments,
} from './conda-program.js';
import { type CondaRequirements, markersOf, readObject, requirementPlan } from './conda-requirements.js';

/** conda is asked again without the packages that it could not find, this often at most. */
const MAX_TRIES = 10;

/** An environment made by conda, with pip inside it for what conda does not have. */
export async function condaEnvironment(request: EnvironmentRequest): Promise<PythonEnvironment> {
  const { settings, place, reporter, target } = request;
  const conda = await findConda(place);
  reporter.line(
    `Installing packages with ${conda.program} ${conda.version}: agent.package_manager.type is conda`,
  );
  const prepared = await preparedPrefix(request);
  if (prepared?.readOnly === true) return environmentOf(request, conda, prepared.prefix);
  const prefix =
    prepared?.prefix ?? (settings.conda.useBase ? await basePrefix(request, conda) : place.inside(target));
  if (prepared === undefined && !settings.conda.useBase) await create(request, conda, prefix);
  const requirements = await requirementPlan(request, await markersOf(request, prefix));
  const env = { ...(await place.environment()), ...request.toolEnvironment };
  const sources = await gitVariables(request, requirements.plan.pip, env);
  const withheld = await withheldLogins(
    {
      request,
      env,
      pip: await readPipConfiguration(place, env),
      indexes: withIndexes(emptyOptions(), settings.pip.extraIndexUrls),
      where: { folder: target, inside: place.inside(target) },
    },
    [...indexesOfLists(requirements.lists), ...channelsOf(requirements.plan)],
  );
  const toolEnvironment = { ...request.toolEnvironment, ...sources, ...withheld };
  await installPlan({ ...request, toolEnvironment }, conda, prefix, requirements);
  const { frozen, ...environment } = await environmentOf(request, conda, prefix);
  return { ...environment, frozen, frozenOptions: optionLines(requirements.options, quotedPath) };
}

interface Prepared {
  prefix: string;
  readOnly: boolean;
}

/** An environment that already exists: a folder is used as it is, an archive of conda-pack is unpacked. */
async function preparedPrefix(request: EnvironmentRequest): Promise<Prepared | undefined> {
  const { settings, place, reporter, signal, target } = request;
  const file = settings.conda.environmentPackage;
  if (file === undefined) return undefined;
  if ((await stat(file).catch(() => undefined))?.isDirectory() === true) {
    reporter.line(`Using the conda environment ${file} as it is`);
    return { prefix: place.inside(file), readOnly: true };
  }
  const prefix = place.inside(target);
  await clearFolder(request.place, target);
  const unpack = await place.exec(
    {
      argv: [
        '/bin/sh',
        '-c',
        'mkdir -p "$2" && tar -xf "$1" -C "$2" && "$2/bin/python" "$2/bin/conda-unpack"',
        'sh',
        place.inside(file),
        prefix,
      ],
    },
    { signal },
  );
  if (unpack.exitCode !== 0) {
    throw new AgentError(
      'ENVIRONMENT_CREATE',
      `the conda environment ${file} cannot be unpacked: exit status ${unpack.exitCode}`,
      {
        hint: 'CLEARML_CONDA_ENV_PACKAGE names a folder, or an archive made by conda-pack.',
        detail: unpack.stderr.trim(),
      },
    );
  }
  return { prefix, readOnly: settings.conda.environmentAsBase };
}

async function basePrefix({ place }: EnvironmentRequest, { program }: CondaProgram): Promise<string> {
  const answer = await place.exec({ argv: [program, 'info', '--base'] });
  const folder = answer.stdout.trim().split('\n').at(-1) ?? '';
  if (answer.exitCode === 0 && folder.startsWith('/')) return folder;
  throw new AgentError('ENVIRONMENT_CREATE', `${program} does not say where its base environment is`, {
    detail: answer.stderr.trim(),
  });
}

async function create(request: EnvironmentRequest, conda: CondaProgram, prefix: string): Promise<void> {
  const { settings, target, pythonRequest } = request;
  await clearFolder(request.place, target);
  const python = pythonRequest.version ?? settings.interpreter.defaultVersion ?? '3';
  const result = await condaCommand(request, createArguments(conda, prefix, python, settings.conda.channels));
  if (result.exitCode === 0) return;
  const output = `${result.stdout}\n${result.stderr}`;
  throw new AgentError(
    'ENVIRONMENT_CREATE',
    `${conda.program} cannot make an environment with Python ${python}`,
    {
      detail: output.trim().split('\n').slice(-15).join('\n'),
      hint: 'Check agent.package_manager.conda_channels and the network of this machine.',
    },
  );
}

async function installPlan(
  request: EnvironmentRequest,
  conda: CondaProgram,
  prefix: string,
  { plan: first, options }: CondaRequirements,
): Promise<void> {
  const { place, reporter } = request;
  const file = `${place.inside(request.target)}.conda.yml`;
  let plan = first;
  for (let tries = 1; plan.conda.length > 0; tries++) {
    await place.write(file, environmentFile(plan), 0o600);
    const result = await condaCommand(request, updateArguments(conda, prefix, file));
    await place.exec({ argv: ['rm', '-f', '--', file] });
    if (result.exitCode === 0) break;
    const output = `${result.stdout}\n${result.stderr}`;
    const missing = missingDependencies(output, plan.conda);
    if (missing.length === 0 || tries === MAX_TRIES) {
      throw installError({
        tool: 'conda',
        output,
        exitCode: result.exitCode,
        what: `${plan.conda.length} packages`,
        python: `Python ${request.pythonRequest.version ?? '3'}`,
      });
    }
    reporter.line(`conda does not have ${missing.join(', ')}: left to pip`);
    plan = withoutMissing(plan, missing);
  }
  if (plan.pip.length > 0) await installWithPip(request, prefix, { lines: plan.pip, options });
}

async function installWithPip(
  request: EnvironmentRequest,
  prefix: string,
  { lines, options: listed }: { lines: readonly string[]; options: ListOptions },
): Promise<void> {
  const { place, reporter, signal, settings, repository, toolEnvironment = {} } = request;
  const python = `${prefix}/bin/python`;
  const context = {
    place,
    python,
    pythonName: 'conda',
    cwd: repository && place.inside(repository.root),
    listFile: `${place.inside(request.target)}.requirements.txt`,
    env: toolEnvironment,
    reporter,
    signal,
  };
  const pip = { argv: [python, '-m', 'pip'], version: '' } as const;
  const options = withIndexes(listed, settings.pip.extraIndexUrls);
  const failed = await pipInstaller(context, pip, settings.pip).install({
    lines,
    options,
    what: `${lines.length} packages`,
  });
  if (failed !== undefined) throw installError(failed);
}

/** Activation scripts of packages set variables; they are read once and handed to the task. */
async function environmentOf(
  request: EnvironmentRequest,
  conda: CondaProgram,
  prefix: string,
): Promise<PythonEnvironment> {
  const { place, signal, settings } = request;
  const python = `${prefix}/bin/python`;
  const { packages } = await inspectEnvironment(place, [python], signal);
  const before = await place.environment();
  const shown = await place.exec(
    { argv: [...runArguments(conda, prefix), 'python', '-c', SHOW] },
    { signal },
  );
  const after = readObject(shown.exitCode === 0 ? shown.stdout : '{}');
  const changed = Object.entries(after).filter(([name, value]) => before[name] !== value && !OWN.has(name));
  return {
    python: [python],
    pathEntries: [],
    binFolder: `${prefix}/bin`,
    environment: { CONDA_PREFIX: prefix, ...Object.fromEntries(changed) },
    frozen: settings.conda.fullUpdate ? freezeLines(packages.map(asTool), [], {}) : undefined,
    cacheHit: false,
    manager: 'conda',
    upkeep: undefined,
  };
}

/** What each environment of conda has for installing packages is no package of the task. */
function asTool(one: InstalledPackage): InstalledPackage {
  return { ...one, base: INSTALL_TOOLS.has(normalName(one.name)) };
}

/** Variables of the shell that showed the others. */
const OWN = new Set(['PATH', 'PWD', 'OLDPWD', 'SHLVL', '_']);
const SHOW = 'import json, os; print(json.dumps(dict(os.environ)))';

function condaCommand(
  { place, reporter, signal, toolEnvironment }: EnvironmentRequest,
  argv: [string, ...string[]],
): ReturnType<EnvironmentRequest['place']['exec']> {
  const env = { ...CLEAN_ENVIRONMENT, ...toolEnvironment };
  return place.exec({ argv, env }, { signal, onOutput: (chunk) => reporter.output(chunk) });
}
