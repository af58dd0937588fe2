import type { Place } from '../../drivers/driver.js';
import type { Reporter } from '../../logs/reporter.js';
import type { ListOptions } from '../../packaging/list-options.js';
import { CLEAN_ENVIRONMENT } from '../python-environment.js';
import type { FailedInstall } from './install-failure.js';

/** What an installer needs of the task it works for. */
export interface InstallContext {
  place: Place;
  /** Python of the environment, path inside the place. */
  python: string;
  /** `Python 3.11.7`, for messages. */
  pythonName: string;
  /** Where relative paths of requirements start; inside the place. */
  cwd: string | undefined;
  /** Path inside the place where a list may be written; its folder exists. */
  listFile: string;
  /** Credentials and settings for git and the indexes. */
  env: Readonly<Record<string, string | undefined>>;
  reporter: Reporter;
  signal: AbortSignal;
}

/** One call of an installer. */
export interface InstallStep {
  /** Lines of a requirements file. */
  lines: readonly string[];
  options: ListOptions;
  /** For messages. */
  what: string;
  /** The lines are folders whose files are to be used where they are. */
  editable?: boolean;
}

/** A package tool bound to one environment. A failed installation is a result; the caller decides. */
export interface Installer {
  readonly name: 'pip' | 'uv';
  install(step: InstallStep): Promise<FailedInstall | undefined>;
}

/** A call of a package tool that reads a list from a file. */
export interface ListCommand {
  tool: 'pip' | 'uv';
  argv: readonly [string, ...string[]];
  /** Text of the list. */
  lines: readonly string[];
  env: Readonly<Record<string, string | undefined>>;
  what: string;
}

/**
 * Runs a command that reads a requirements list from a file. Index addresses may hold passwords: the list is
 * readable by its owner alone, is removed at once, and nothing of it is on the command line.
 */
export async function installFromList(
  context: InstallContext,
  command: ListCommand,
): Promise<FailedInstall | undefined> {
  const { place, listFile, reporter, signal, cwd } = context;
  await place.write(listFile, `${command.lines.join('\n')}\n`, 0o600);
  try {
    const result = await place.exec(
      {
        argv: [...command.argv, '-r', listFile],
        env: { ...CLEAN_ENVIRONMENT, ...context.env, ...command.env },
        ...(cwd === undefined ? {} : { cwd }),
      },
      { signal, onOutput: (chunk) => reporter.output(chunk) },
    );
    if (result.exitCode === 0) return undefined;
    const output = `${result.stdout}\n${result.stderr}`;
    return {
      tool: command.tool,
      output,
      exitCode: result.exitCode,
      what: command.what,
      python: context.pythonName,
    };
  } finally {
    await place.exec({ argv: ['rm', '-f', '--', listFile] });
  }
}
