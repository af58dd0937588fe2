import type { Duplex } from 'node:stream';
import type Docker from 'dockerode';
import type { ContainerExec } from '../container/container-exec.js';
import { demultiplex } from './stream-frames.js';

export function execOptions(command: ContainerExec): Docker.ExecCreateOptions {
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
export async function startExec(exec: Docker.Exec, { input }: ContainerExec): Promise<Duplex> {
  const stream = await exec.start({ hijack: input !== undefined, stdin: input !== undefined });
  if (input !== undefined) stream.end(input);
  return stream;
}

/** Ends with the command. */
export async function passOutput(stream: Duplex, { onOutput }: ContainerExec): Promise<void> {
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
