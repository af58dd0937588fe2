import { constants } from 'node:fs';
import { access, open, stat } from 'node:fs/promises';
import path from 'node:path';
import { AgentError, type ErrorCode, systemCode } from '../errors.js';
import { exists } from './files.js';

export interface CommandSetting {
  argv: readonly [string, ...string[]];
  cwd?: string;
  env: Readonly<Record<string, string | undefined>>;
}

/** Where POSIX systems look for a program when there is no PATH at all. */
const DEFAULT_PATH = '/usr/local/bin:/bin:/usr/bin';

/** System errors of starting a program that have nothing to do with the program itself. */
const SYSTEM_CAUSES: Readonly<Record<string, string>> = {
  E2BIG: 'its arguments and environment together are larger than this system allows',
  EAGAIN: 'the limit of processes of this user is reached',
  EMFILE: 'the limit of open files of the agent is reached',
  ENFILE: 'the limit of open files of this machine is reached',
  ENOMEM: 'there is not enough memory',
  ERR_INVALID_ARG_VALUE: 'an argument or a variable holds a NUL character',
};

/** Says why a command could not be started. `code` is for causes that are not a missing program. */
export async function startError(
  error: unknown,
  command: CommandSetting,
  code: ErrorCode = 'COMMAND_FAILED',
): Promise<AgentError> {
  try {
    await checkCommand(command, code);
  } catch (found) {
    if (found instanceof AgentError) return found;
  }
  const reason = systemCode(error) ?? String(error);
  return new AgentError(code, `cannot run ${command.argv[0]}: ${SYSTEM_CAUSES[reason] ?? reason}`, {
    cause: error,
  });
}

/**
 * Finds the program and the working folder of a command, as starting it would.
 *
 * @returns the full path of the program
 * @throws AgentError COMMAND_MISSING naming what is missing; `code` for a bad working folder
 */
export async function checkCommand(
  { argv, cwd, env }: CommandSetting,
  code: ErrorCode = 'COMMAND_FAILED',
): Promise<string> {
  const [name] = argv;
  if (cwd !== undefined && !(await isUsableFolder(cwd))) {
    throw new AgentError(code, `cannot run ${name}: the working folder ${cwd} does not exist or is closed`);
  }
  const program = await findProgram(name, cwd, env.PATH);
  const interpreter = await scriptInterpreter(program);
  if (interpreter !== undefined && !(await exists(interpreter))) {
    const cause = `cannot run ${name}: ${program} needs the interpreter ${interpreter}, which does not exist`;
    throw new AgentError('COMMAND_MISSING', cause);
  }
  return program;
}

async function findProgram(name: string, cwd: string | undefined, searchPath: string | undefined) {
  const folders = name.includes('/') ? [''] : (searchPath ?? DEFAULT_PATH).split(':');
  const candidates = folders.map((folder) => path.resolve(cwd ?? '.', folder, name));
  for (const candidate of candidates) if (await isProgram(candidate)) return candidate;
  for (const candidate of candidates) {
    if (!(await exists(candidate))) continue;
    throw new AgentError('COMMAND_MISSING', `cannot run ${name}: ${candidate} is not an executable file`);
  }
  const where = name.includes('/')
    ? 'it does not exist'
    : `it is not in PATH (${searchPath ?? DEFAULT_PATH})`;
  throw new AgentError('COMMAND_MISSING', `cannot run ${name}: ${where}`);
}

async function isProgram(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}

/** The program of a `#!` line, which must exist too. */
async function scriptInterpreter(file: string): Promise<string | undefined> {
  const handle = await open(file, 'r').catch(() => undefined); // executable, yet not readable: nothing to see
  if (handle === undefined) return undefined;
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(256), 0, 256, 0);
    return /^#![ \t]*(\/[^\s\0]*)/.exec(buffer.toString('utf8', 0, bytesRead))?.[1];
  } finally {
    await handle.close();
  }
}

async function isUsableFolder(folder: string): Promise<boolean> {
  try {
    await access(folder, constants.X_OK);
    return (await stat(folder)).isDirectory();
  } catch {
    return false;
  }
}
