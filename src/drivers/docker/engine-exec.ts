import type { Duplex } from 'node:stream';
import type Docker from 'dockerode';
import { demultiplex } from './stream-frames.js';

export interface EngineExec {
  argv: readonly string[];
  env?: readonly string[];
  cwd?: string;
  user?: string;
  input?: string | Uint8Array;
  signal?: AbortSignal;
  onOutput(data: Uint8Array, stream: 'stdout' | 'stderr'): void;
}

export function execOptions(command: EngineExec): Docker.ExecCreateOptions {
  return {
    Cmd: [...command.argv],
    ...(command.env === undefined ? {} : { Env: [...command.env] }),
    ...(command.cwd === undefined ? {} : { WorkingDir: command.cwd }),
    ...(command.user === undefined ? {} : { User: command.user }),
    AttachStdin: command.input !== undefined,
    AttachStdout: true,
    AttachStderr: true,
  };
}

/** Starts the command and gives it its input. */
export async function startExec(exec: Docker.Exec, { input }: EngineExec): Promise<Duplex> {
  const stream = await exec.start({ hijack: input !== undefined, stdin: input !== undefined });
  if (input !== undefined) stream.end(input);
  return stream;
}

/** Ends with the command. */
export async function passOutput(stream: Duplex, { onOutput }: EngineExec): Promise<void> {
  for await (const { data, stream: name } of demultiplex(stream)) onOutput(data, name);
}

/** Ends with the command, or when the signal aborts. */
export async function* outputOf(stream: Duplex, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const cut = (): unknown => stream.destroy();
  signal.addEventListener('abort', cut);
  try {
    for await (const { data } of demultiplex(stream)) yield data;
  } finally {
    signal.removeEventListener('abort', cut);
    stream.destroy();
  }
}
