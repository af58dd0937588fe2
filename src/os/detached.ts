import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { type CommandSetting, checkCommand, startError } from './command-errors.js';
import { diskError, isMissing, writeFileDurable } from './files.js';
import { startTime } from './processes.js';

/**
 * Commands that need no living parent. A small shell process in a session of its own starts the command,
 * waits for it and leaves the exit status in a file; output goes straight to a file. Whoever knows the files
 * and the pid can watch it, also after the program that started it was killed.
 */
export interface DetachedCommand extends CommandSetting {
  /** Takes stdout and stderr; appended to. */
  outputFile: string;
  /** Takes the exit status; written anew. */
  statusFile: string;
}

export interface DetachedProcess {
  /** The waiting shell: leader of the session and the process group that the command runs in. */
  pid: number;
  startTime: string;
  /** Ends with the waiting shell, for as long as this program lives; the code where it left one. */
  ended: Promise<number | undefined>;
}

/**
 * Handlers that do nothing let the shell outlive a signal to its group, and unlike ignored signals they are
 * not inherited. The status is written into space that exists already (`1<>`), so a full disk does not lose
 * it. What the shell itself has to say (`Terminated`) stays out of the output. The command comes as
 * positional parameters and is never read as shell code.
 */
const WAITING_SHELL = `trap : HUP INT QUIT TERM
status_file=$1
shift
exec 3>&2 2>/dev/null
(exec 2>&3 3>&-; exec "$@")
code=$?
echo "$code" 1<>"$status_file"
exit "$code"`;

/** Longer than any status; a status is complete when its newline is there. */
const NO_STATUS = `${' '.repeat(15)}\n`;

/**
 * Starts a command that outlives this program.
 *
 * @throws AgentError COMMAND_MISSING, LAUNCH_FAILED or DISK_FULL
 */
export async function startDetached(command: DetachedCommand): Promise<DetachedProcess> {
  const [, ...args] = command.argv;
  // The full path: a bare name might be one that the shell itself answers to (`eval`, `test`).
  const program = await checkCommand(command, 'LAUNCH_FAILED');
  await writeFileDurable(command.statusFile, NO_STATUS);
  const child = await startShell([command.statusFile, program, ...args], command);
  child.unref();
  const ended = new Promise<number | undefined>((resolve) => {
    child.once('exit', (code) => resolve(code ?? undefined));
  });
  const pid = child.pid ?? 0;
  return { pid, startTime: (await startTime(pid)) ?? '', ended };
}

async function startShell(parameters: string[], command: DetachedCommand): Promise<ChildProcess> {
  const output = await openOutput(command.outputFile);
  try {
    const child = spawn('/bin/sh', ['-c', WAITING_SHELL, 'clearml-task', ...parameters], {
      ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
      env: command.env,
      detached: true,
      stdio: ['ignore', output.fd, output.fd],
    });
    await once(child, 'spawn');
    return child.on('error', () => undefined);
  } catch (error) {
    throw await startError(error, command, 'LAUNCH_FAILED');
  } finally {
    await output.close();
  }
}

async function openOutput(file: string) {
  try {
    return await open(file, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT, 0o600);
  } catch (error) {
    throw diskError(error, file);
  }
}

/** The exit status in the file; `undefined` while the command runs, or when it left none. */
export async function readStatus(statusFile: string): Promise<number | undefined> {
  try {
    const status = /^(\d{1,3})\n/.exec(await readFile(statusFile, 'latin1'))?.[1];
    return status === undefined ? undefined : Number(status);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Leaves the status of a command whose waiting shell was killed before it could. */
export async function writeStatus(statusFile: string, code: number): Promise<void> {
  await writeFileDurable(statusFile, `${code}\n`);
}
