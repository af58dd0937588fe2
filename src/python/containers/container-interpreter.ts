import type { SystemTool } from '../../drivers/driver.js';
import { AgentError, causeLine, isAgentError } from '../../errors.js';
import type { Reporter } from '../../logs/reporter.js';
import { normalName } from '../../packaging/requirement.js';
import type { EnvironmentRequest } from '../environment-request.js';
import { configurationFiles } from '../install/pip-configuration.js';
import { settingFiles } from '../install/uv-configuration.js';
import type { Interpreter } from '../interpreter/interpreter.js';
import type { Candidate } from '../interpreter/interpreter-candidates.js';
import { bringInterpreter } from '../interpreter/managed-interpreter.js';
import { type PythonRequest, programNames } from '../interpreter/python-request.js';
import { type LocatedList, listRequirements } from '../requirements/requirement-files.js';
import { carriedPaths } from './carried-settings.js';
import { type ContainerSurvey, surveyContainer } from './container-survey.js';

export interface ContainerInterpreter {
  survey: ContainerSurvey;
  /** `undefined`: there is none, and the task does without. */
  interpreter: Interpreter | undefined;
}

export interface FindOptions {
  /** Found already, for the first search. */
  candidates?: readonly Candidate[];
  /** This one and no other. */
  request?: PythonRequest;
}

const SILENT: Reporter = { line: () => undefined, output: () => undefined };
/** Packages with OpenCV that is linked with what a screen needs; those for servers are called otherwise. */
const OPENCV: ReadonlySet<string> = new Set(['opencv-python', 'opencv-contrib-python']);

/**
 * The interpreter in a container. An image without one is given one of this machine, or has its package manager
 * install it.
 *
 * @param find as for any place
 * @throws AgentError PYTHON_MISSING
 */
export async function containerInterpreter(
  request: EnvironmentRequest,
  find: (options: FindOptions) => Promise<Interpreter>,
): Promise<ContainerInterpreter> {
  const survey = await lookAt(request);
  const lists = request.settings.skip.everything ? [] : listRequirements({ ...request, reporter: SILENT });
  const found = await find({ candidates: survey.candidates }).catch((error: unknown) => {
    if (!isAgentError(error, 'PYTHON_MISSING')) throw error;
    return undefined;
  });
  const libraries = missingLibraries(request, survey, lists);
  if (found !== undefined) {
    await provideLibraries(request, libraries);
    return { survey, interpreter: found };
  }
  const nothingToDo = lists.every(({ list }) => list.requirements.length === 0);
  if (request.optional === true && nothingToDo) return { survey, interpreter: undefined };
  const brought = await bringInterpreter(request, survey);
  if (brought !== undefined) {
    await provideLibraries(request, libraries);
    const only = { version: undefined, program: brought, by: 'the agent' };
    return { survey, interpreter: await find({ request: only }) };
  }
  await installPython(request, libraries);
  return { survey, interpreter: await find({}) };
}

async function lookAt(request: EnvironmentRequest): Promise<ContainerSurvey> {
  const { place, settings, pythonRequest, signal, hostEnvironment = {} } = request;
  const env = await place.environment();
  return surveyContainer(place, {
    names: programNames(pythonRequest),
    programs: ['git'],
    paths: carriedPaths(hostEnvironment, (file) => place.inside(file)),
    folders: [...(settings.downloads === undefined ? [] : [place.inside(settings.downloads)]), '/tmp'],
    texts: [...configurationFiles(env), ...settingFiles(env)],
    signal,
  });
}

async function installPython(
  { place, offline, reporter, signal }: EnvironmentRequest,
  libraries: readonly SystemTool[],
): Promise<void> {
  if (place.provide === undefined || offline === true) return;
  try {
    await place.provide({ tools: ['pip', ...libraries] }, { reporter, signal });
  } catch (error) {
    signal.throwIfAborted();
    // What the engine refuses says nothing about the image; only the package manager's own failure has no cause.
    if (!isAgentError(error, 'DOCKER_CONTAINER') || error.cause !== undefined) throw error;
    const { detail } = error;
    throw new AgentError(
      'PYTHON_MISSING',
      `the image has no Python, and none could be installed: ${causeLine(error)}`,
      {
        hint: 'Choose an image with Python, or give the container a network; an interpreter that uv keeps on this machine is used as well ("uv python install").',
        ...(detail === undefined ? {} : { detail }),
        cause: error,
      },
    );
  }
}

function missingLibraries(
  { settings }: EnvironmentRequest,
  survey: ContainerSurvey,
  lists: readonly LocatedList[],
): SystemTool[] {
  const names = lists.flatMap(({ list }) => list.requirements.map(({ name }) => normalName(name ?? '')));
  const wanted = settings.openCvLibraries && names.some((name) => OPENCV.has(name));
  return wanted && !survey.openCvLibraries ? ['opencv'] : [];
}

/** A task that uses OpenCV may still do without what the original installs for it. */
async function provideLibraries(
  { place, offline, reporter, signal }: EnvironmentRequest,
  tools: readonly SystemTool[],
): Promise<void> {
  if (tools.length === 0 || offline === true || place.provide === undefined) return;
  try {
    await place.provide({ tools }, { reporter, signal });
  } catch (error) {
    signal.throwIfAborted();
    reporter.line(`${causeLine(error)}; continuing without them`, 'WARNING');
  }
}
