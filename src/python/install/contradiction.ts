import { parseRequirement } from '../../packaging/requirement.js';
import { meets, meetsAll } from '../../packaging/version.js';

/**
 * Whether the parts of a requirement exclude each other, as in `six==1.15.0,==1.16.0`: an index has versions for each
 * part and none for all. pip reports it like a version that does not exist.
 *
 * @param requirement one package with its version specifiers; pip may append the name of its list
 * @param available all versions of the index, with commas between them
 */
export function excludesItself(requirement: string, available: string): boolean {
  const [text = ''] = requirement.split(' (from ', 1);
  const parts = parseRequirement(text).versions;
  const versions = available.split(',').map((version) => version.trim());
  return (
    parts.length > 1 &&
    parts.every((part) => versions.some((version) => meets(version, part))) &&
    !versions.some((version) => meetsAll(version, parts))
  );
}

/** How each tool says that requirements contradict each other, the form that names them first. */
export const CONFLICTS =
  /you require ([^\n,]+?), we can conclude that[\s│]+your[\s│]+requirements[\s│]+are[\s│]+unsatisfiable|you require ([^\n]+?), which are incompatible|Cannot install ([^\n]+?) because these package versions have conflicting dependencies|Double requirement given: ([^\n]+)|Requirements contain (conflicting [^\n:]+)|ResolutionImpossible|resolution-too-deep|requirements[\s│]+are[\s│]+unsatisfiable|version solving failed|Incompatible constraints in requirements|LibMambaUnsatisfiableError|UnsatisfiableError|The following packages are incompatible/;

/** The requirements that a match of `CONFLICTS` names, without the lists that they stand in. */
export function conflicting(match: RegExpMatchArray): string | undefined {
  const named = match.slice(1).find((group) => group !== undefined);
  return named
    ?.replace(/ \(from -r [^()]*(?:\([^()]*\))?\)/g, '')
    .replace(/ \(already in ([^,]+), name='[^']*'\)$/, ' and $1');
}
