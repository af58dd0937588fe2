import { existsSync } from 'node:fs';
import type { EnvironmentRequest } from '../environment-request.js';
import { parseRequirement, type Requirement } from './requirement.js';
import { type ListRequest, type LocatedList, locateRequirements } from './requirement-files.js';

type FileRequest = ListRequest & Pick<EnvironmentRequest, 'signal'>;

/**
 * The lists to install. A package that is named with the address of a file which is not there is taken from the
 * index by its name: `pip freeze` writes such addresses of the machine where a package was built, in environments of
 * conda for each package.
 *
 * @throws AgentError REQUIREMENTS_INSTALL
 */
export async function requiredLists(request: FileRequest): Promise<LocatedList[]> {
  return withoutForeignFiles(request, locateRequirements(request));
}

export async function withoutForeignFiles(
  request: FileRequest,
  located: readonly LocatedList[],
): Promise<LocatedList[]> {
  const named = located.flatMap(({ list }) => list.requirements).filter(isNamedFile);
  const gone = await missingFiles(request, named);
  if (gone.size === 0) return [...located];
  const lines = named.filter((one) => gone.has(one)).map(({ line }) => line.trim());
  request.reporter.line(
    `Taken from the package index, as their files are not here: ${lines.join(', ')}`,
    'WARNING',
  );
  const byName = (one: Requirement): Requirement => (gone.has(one) ? nameOnly(one) : one);
  return located.map((one) => ({
    ...one,
    list: { ...one.list, requirements: one.list.requirements.map(byName) },
  }));
}

function isNamedFile({ kind, name, uri = '', editable }: Requirement): boolean {
  return kind === 'local' && name !== undefined && !editable && /^(?:file:|\/)/i.test(uri);
}

async function missingFiles(
  { place, signal }: FileRequest,
  requirements: readonly Requirement[],
): Promise<Set<Requirement>> {
  const paths = requirements.map((one) => pathsOf(one.uri ?? ''));
  const unseen = requirements.filter((_, at) => !paths[at]?.some((file) => existsSync(file)));
  if (place.capabilities.hostPaths || unseen.length === 0) return new Set(unseen);
  // What is not on this machine may be in the image.
  const tried = unseen.map((one) => pathsOf(one.uri ?? ''));
  const script = 'for file; do if [ -e "$file" ]; then echo 1; else echo 0; fi; done';
  const { stdout } = await place.exec(
    { argv: ['/bin/sh', '-c', script, 'sh', ...tried.map(([, plain = '']) => plain)] },
    { signal },
  );
  const answers = stdout.split('\n');
  return new Set(unseen.filter((_, at) => answers[at] !== '1'));
}

/** As it is written, and with what is encoded in it read. */
function pathsOf(uri: string): [string, string] {
  const plain = uri.replace(/^file:(?:\/\/[^/]*)?/i, '');
  try {
    return [plain, decodeURIComponent(plain)];
  } catch {
    return [plain, plain];
  }
}

function nameOnly({ name = '', extras, marker, options }: Requirement): Requirement {
  const extra = extras.length === 0 ? '' : `[${extras.join(',')}]`;
  const condition = marker === undefined ? '' : `; ${marker}`;
  return { ...parseRequirement(`${name}${extra}${condition}`), options };
}
