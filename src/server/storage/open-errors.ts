import { access, constants, stat } from 'node:fs/promises';
import { AgentError, systemCode } from '../../errors.js';

/** What a file that cannot be opened means to an operator. */
export function openError(error: unknown, file: string): unknown {
  if (error instanceof AgentError) return error;
  const code = systemCode(error);
  if (code === 'SQLITE_BUSY') {
    return new AgentError('SERVER_FOLDER', `another program is using ${file}`, {
      hint: 'Stop that program, or choose another folder.',
      cause: error,
    });
  }
  if (code === undefined) return error;
  const [, reason = code, hint = OTHER_FOLDER] = REASONS.find(([name]) => isCode(code, name)) ?? [];
  return new AgentError('SERVER_FOLDER', `cannot open ${file}: ${reason}`, { hint, cause: error });
}

/** Codes have forms that say more, such as `SQLITE_IOERR_READ`. */
function isCode(code: string, name: string): boolean {
  return code === name || (name !== '' && code.startsWith(`${name}_`));
}

const OTHER_FOLDER = 'Name another folder with --folder.';
const RESTORE =
  'Restore a backup: "agent server restore FILE --replace". Or move it away: the server then begins with an empty one.';

/** What codes of the library mean; it has none for a file that it cannot open. */
const REASONS: readonly [code: string, reason: string, hint?: string][] = [
  ['SQLITE_NOTADB', 'it is not a database', RESTORE],
  ['SQLITE_CORRUPT', 'the database is damaged', RESTORE],
  ['SQLITE_READONLY', 'it cannot be written'],
  ['SQLITE_FULL', 'there is no space left on its disk'],
  ['SQLITE_IOERR', 'its disk reports an error'],
  ['SQLITE_CANTOPEN', 'this user may not open it, or its folder does not exist'],
  ['', 'this user may not open it, or its folder does not exist'],
];

/**
 * The library's words for a file that it cannot open are its own.
 *
 * @throws AgentError SERVER_FOLDER
 */
export async function checkFile(file: string): Promise<void> {
  const problem = await access(file, constants.R_OK | constants.W_OK).then(
    async () => ((await stat(file)).isFile() ? undefined : 'a database is expected there, found a folder'),
    (error: unknown) => FILE_PROBLEMS[systemCode(error) ?? ''],
  );
  if (problem !== undefined)
    throw new AgentError('SERVER_FOLDER', `cannot open ${file}: ${problem}`, { hint: OTHER_FOLDER });
}

const FILE_PROBLEMS: Readonly<Record<string, string>> = {
  EACCES: 'this user may not read and write it',
  EPERM: 'this user may not read and write it',
  EROFS: 'its file system is read-only',
  ELOOP: 'a link on its path leads to itself',
  ENOTDIR: 'its path leads through a file',
};
