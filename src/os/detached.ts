import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants, existsSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { type CommandSetting, checkCommand, startError } from './command-errors.js';
import { membersFile } from './control-group.js';
import { diskError, isMissing, writeFileDurable, writeFileWhole } from './files.js';
import { startTime } from './processes.js';
import { programText } from './program-file.js';
import { asSubreaper } from './subreaper.js';

/**
 * Commands that need no living parent. A small shell process in a session of its own starts the command,
 * waits for it and leaves the exit status in a file; output goes straight to a file. Whoever knows the files
 * and the pid can watch it, also after the program that started it was killed.
 */
export interface DetachedCommand extends CommandSetting {
  /** Takes stdout and stderr; appended to. */
  outputFile: string;
  /** Takes the exit status; overwritten. */
  statusFile: string;
  /** The CPUs that it gets, as Linux lists them; all where this machine has no `taskset`. */
  cpus?: string;
  /** How the processes of the command are held together. */
  holder?: Holder;
}

/** What keeps the processes of a command findable that leave their session and give up their parent. */
export interface Holder {
  /** Folder of a control group that they are put in. */
  controlGroup?: string;
  /**
   * Python that makes the waiting shell their subreaper. The shell then stays after the command's end until nothing is
   * below it; the exit status comes at once.
   */
  subreaper?: string;
}

export interface DetachedProcess {
  /** The waiting shell: leader of the session and the process group that the command runs in. */
  pid: number;
  startTime: string;
  /** Ends with the waiting shell, for as long as this program lives; the code where it left one. */
  ended: Promise<number | undefined>;
}

/**
 * The shell that waits for the command (`waiting-shell.sh`). It comes as text: the file may be replaced while the
 * command runs. The command comes as positional parameters and is never read as shell code.
 *
 * - Handlers that do nothing let the shell outlive a signal to its group, and unlike ignored signals they are not
 *   inherited.
 * - The status is written into space that exists already (`1<>`), so a full disk does not lose it.
 * - `$?` is 137 after SIGKILL and after `exit 137` alike. What the shell itself prints (`Killed`), which stays out of the
 *   output, tells them apart. Shells print nothing for SIGINT; it counts as a signal if the whole group got it, and so
 *   the shell. bash prints too late: with it every such status but 130 counts as a signal.
 * - A subreaper (`lingers`) that ended would hand its remaining children to process 1. "read" fails on the list of
 *   children, which has no line end, and still reads it.
 */
const waitingShell = () => programText('waiting-shell.sh', import.meta.url);

/** What a waiting shell was given, from its command line; `undefined` for another process. */
export function waitingShellOf(
  commandLine: string,
  statusFile: string,
): { members: string; lingers: boolean } | undefined {
  const words = commandLine.split('\0');
  const at = words.indexOf(statusFile);
  if (at < 0) return undefined;
  const [members = '', lingers = ''] = words.slice(at + 1);
  return { members, lingers: lingers !== '' };
}

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
  await writeFileWhole(command.statusFile, NO_STATUS);
  const child = await startShell([...cpuWords(command), program, ...args], command);
  child.unref();
  const ended = new Promise<number | undefined>((resolve) => {
    child.once('exit', (code) => resolve(code ?? undefined));
  });
  const pid = child.pid ?? 0;
  return { pid, startTime: (await startTime(pid)) ?? '', ended };
}

/** util-linux' launcher, which becomes the command. The waiting shell keeps all CPUs. */
function cpuWords({ cpus }: DetachedCommand): string[] {
  if (cpus === undefined) return [];
  const folder = TASKSET_FOLDERS.find((one) => existsSync(`${one}/taskset`));
  return folder === undefined ? [] : [`${folder}/taskset`, '--cpu-list', cpus];
}

const TASKSET_FOLDERS = ['/usr/bin', '/bin'];

async function startShell(commandLine: string[], command: DetachedCommand): Promise<ChildProcess> {
  const { controlGroup, subreaper } = command.holder ?? {};
  const members = controlGroup === undefined ? '' : membersFile(controlGroup);
  const lingers = subreaper === undefined ? '' : 'yes';
  const shell = [
    '/bin/sh',
    '-c',
    waitingShell(),
    'clearml-task',
    command.statusFile,
    members,
    lingers,
  ] as const;
  const plain = { argv: [...shell, ...commandLine] as const, env: command.env };
  const { argv, env } = subreaper === undefined ? plain : asSubreaper(subreaper, plain.argv, command.env);
  const output = await openOutput(command.outputFile);
  try {
    const child = spawn(argv[0], argv.slice(1), {
      ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
      env,
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

/** How a command ended: `code` is 128 + n where signal n ended it, which `signalled` tells from such an exit code. */
export interface ExitStatus {
  code: number;
  signalled: boolean;
}

/** The exit status in the file; `undefined` while the command runs, or when it left none. */
export async function readStatus(statusFile: string): Promise<ExitStatus | undefined> {
  try {
    const status = /^(\d{1,3})( signal)?\n/.exec(await readFile(statusFile, 'latin1'));
    return status === null ? undefined : { code: Number(status[1]), signalled: status[2] !== undefined };
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Leaves the status of a command whose waiting shell was killed before it could. */
export async function writeStatus(statusFile: string, { code, signalled }: ExitStatus): Promise<void> {
  await writeFileDurable(statusFile, `${code}${signalled ? ' signal' : ''}\n`);
}
