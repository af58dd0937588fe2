import { parse } from 'smol-toml';
import { type PythonRange, parsePythonRange } from '../../packaging/python-range.js';
import type { EnvironmentRequest } from '../environment-request.js';
import { readIni } from '../install/pip-configuration.js';
import { mayAccept, type PythonRequest } from '../interpreter/python-request.js';
import { type ListedFrom, readListed } from '../requirements/listed-file.js';
import { findProject, isProjectManager } from './project-files.js';

type ProjectRequest = Pick<EnvironmentRequest, 'repository' | 'settings' | 'pythonRequest' | 'reporter'>;

/** What a project says about its Python. */
interface ProjectPython {
  range: PythonRange | undefined;
  /** Minor version that it is worked on with: `3.11`. */
  pin: string | undefined;
}

/**
 * The interpreter that is wanted where the project of the repository may name one. A version that the task or the
 * configuration names is right unless poetry or uv would refuse it.
 */
export function pythonForProject(request: ProjectRequest): PythonRequest {
  const { repository, pythonRequest: wanted, reporter } = request;
  if (repository === undefined || wanted.program !== undefined) return wanted;
  const manager = managerOf(request);
  const { range, pin } = projectPython({
    folder: manager?.folder ?? repository.root,
    roots: [repository.root],
  });
  if (range === undefined && pin === undefined) return wanted;
  const limits = range === undefined ? {} : { range };
  if (wanted.version?.includes('.') === true) {
    if (manager === undefined) return wanted;
    if (mayAccept({ version: wanted.version, ...limits }, wanted.version)) return { ...wanted, ...limits };
    reporter.line(
      `Python ${wanted.version} was asked for by ${wanted.by}, and the project allows ${range?.text} only`,
      'WARNING',
    );
    return { version: undefined, program: undefined, by: 'the project', ...limits };
  }
  if (pin !== undefined && mayAccept({ version: pin, ...limits }, pin)) {
    return { version: pin, program: undefined, by: '.python-version', ...limits };
  }
  return { ...wanted, by: range === undefined ? wanted.by : 'the project', ...limits };
}

/** The project that the manager installs, where it installs projects. */
function managerOf({ repository, settings }: ProjectRequest): { folder: string } | undefined {
  const { manager } = settings;
  if (!isProjectManager(manager)) return undefined;
  return findProject({ repository }, manager, settings[manager].fromWorkingFolder);
}

function projectPython(from: ListedFrom): ProjectPython {
  const texts = [
    ...demandsOf(readListed(from, 'pyproject.toml')),
    readIni(readListed(from, 'setup.cfg') ?? '', ['options']).get('python-requires'),
  ];
  const [text] = texts.filter((one) => one !== undefined && one !== '');
  return {
    range: text === undefined ? undefined : parsePythonRange(text),
    pin: pinOf(readListed(from, '.python-version')),
  };
}

/** `requires-python`, or what the project asks for in poetry's form. A file that cannot be read is the manager's to report. */
function demandsOf(pyproject: string | undefined): (string | undefined)[] {
  try {
    const { project, tool } = parse(pyproject ?? '') as Pyproject;
    const poetry = tool?.poetry?.dependencies?.python;
    return [project?.['requires-python'], typeof poetry === 'string' ? poetry : poetry?.version];
  } catch {
    return [];
  }
}

interface Pyproject {
  project?: { 'requires-python'?: string };
  tool?: { poetry?: { dependencies?: { python?: string | { version?: string } } } };
}

/** The first version in a `.python-version`: `3.11.7`, `cpython-3.11`, `python3.11`; names of environments do not count. */
function pinOf(text: string | undefined): string | undefined {
  const lines = (text ?? '').split('\n').map((line) => line.replace(/#.*/, '').trim());
  const found = lines.map(
    (line) => /^(?:cpython[-@]?|python[-@]?)?(\d+\.\d+)(?:\.\d+)?(?:-\S*)?$/.exec(line)?.[1],
  );
  return found.find((one) => one !== undefined);
}
