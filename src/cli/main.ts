import { AgentError, causeLine, systemCode } from '../errors.js';
import { visibleLine, visibleLines } from '../logs/visible-text.js';
import type { StartFailure } from '../os/daemonize.js';
import { processEnvironment } from '../os/environment.js';
import { diskFull } from '../os/files.js';
import { homeFolder } from '../os/home.js';
import { spareMemory } from '../os/spare-memory.js';
import { VERSION } from './version.js';

/** Runs the program with `argv` as Node has it. The only place that prints errors and sets the exit status. */
export async function main(argv: readonly string[]): Promise<void> {
  const lost = watchOutput();
  const words = argv.slice(2);
  // Before the rest of the program is loaded.
  if (words.includes('daemon')) spareMemory();
  const status = await outcome(words);
  await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
  process.exit(lost.error === undefined ? status : await reportLost(lost.error, status));
}

async function outcome(words: readonly string[]): Promise<number> {
  if (words.length === 1 && words[0] === '--version') {
    process.stdout.write(`CLEARML-AGENT version ${VERSION}\n`);
    return 0;
  }
  try {
    const { runProgram } = await import('./program.js');
    const env = processEnvironment();
    const { folder: home, warning } = homeFolder(env);
    if (warning !== undefined) process.stderr.write(`warning: ${visibleLine(warning)}\n`);
    return await runProgram(words, {
      // What the agent starts looks for its files in the same home.
      env: { ...env, HOME: home },
      home,
      stdout: process.stdout,
      stderr: process.stderr,
      stdin: process.stdin,
    });
  } catch (error) {
    await tellStarter(error);
    const { exitStatus, text } = describeFailure(error, words[0] === '-d' || words.includes('--debug'));
    process.stderr.write(text);
    return exitStatus;
  }
}

/** A process in the background reports why it ends to the one that started it and still waits. */
async function tellStarter(error: unknown): Promise<void> {
  const { send } = process;
  if (send === undefined || !(error instanceof AgentError)) return;
  const { code, message, hint, detail } = error;
  const failure: StartFailure = { failure: { code, message, hint, detail } };
  await new Promise<void>((resolve) => send.call(process, failure, () => resolve()));
}

/** The lines that tell a user about an error: cause, the tool's own words, what to do. */
export function describeFailure(error: unknown, debug: boolean): { exitStatus: number; text: string } {
  const lines = [`clearml_agent: ERROR: ${causeLine(error)}`];
  if (error instanceof AgentError) {
    if (error.detail) lines.push(...error.detail.split('\n').map((line) => `  ${line}`));
    if (error.hint) lines.push(`  ${error.hint}`);
  } else {
    lines.push('  This is a bug in the agent: run the command again with --debug and report what it prints.');
  }
  if (debug && error instanceof Error && error.stack) lines.push(error.stack);
  const text = `${visibleLines(lines.join('\n'))}\n`;
  return { exitStatus: error instanceof AgentError ? error.exitStatus : 1, text };
}

/**
 * Keeps the first error of standard output. The work continues: a reader may close the pipe early (`agent list | head -1`),
 * and a disk may be full for a while.
 */
function watchOutput(): { error?: Error } {
  const lost: { error?: Error } = {};
  process.stdout.on('error', (error) => {
    if (systemCode(error) !== 'EPIPE') lost.error ??= error;
  });
  // There is no place to report an error of the place for errors.
  process.stderr.on('error', () => undefined);
  return lost;
}

/** @returns the exit status of a command with a part of its output lost */
async function reportLost(error: Error, status: number): Promise<number> {
  const { exitStatus, text } = describeFailure(outputError(error), false);
  process.stderr.write(text);
  await flushed(process.stderr);
  return status === 0 ? exitStatus : status;
}

function outputError(error: Error): AgentError {
  const full = diskFull(error);
  const code = full === undefined ? 'WRITE_DENIED' : 'DISK_FULL';
  return new AgentError(code, `cannot write standard output: ${full ?? causeLine(error)}`, {
    hint: 'A part of the output is lost. Free space on its disk, or write the output to another place.',
    cause: error,
  });
}

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => stream.write('', () => resolve()));
}
