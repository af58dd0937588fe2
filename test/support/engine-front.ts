import net from 'node:net';
import path from 'node:path';
import type { ExecutionContext } from 'ava';
import { temporaryFolder } from './temporary-folder.js';

/**
 * Of the container of a run: the engine has made it and nobody knows yet, its start is asked for and not passed on,
 * or the engine has started it and nobody knows yet.
 */
export type StartMoment = 'created' | 'start asked' | 'started';

/** A request that makes the container of a run, known by what its first process looks for. */
const MAKES_RUN = /POST \S*\/containers\/create[\s\S]*\/\.clearml\.run\/start/;

/**
 * Stands before an engine's socket, and passes everything on but what belongs to one moment, once.
 *
 * @param reached called at the moment; what was on its way is dropped with its connection
 * @returns the socket
 */
export async function engineFront(
  t: ExecutionContext,
  engineSocket: string,
  moment: StartMoment,
  reached: () => void,
): Promise<string> {
  const socket = path.join(temporaryFolder(t), 'front.sock');
  let container: string | undefined;
  let isOver = false;
  const server = net.createServer({ allowHalfOpen: true }, (client) => {
    const engine = net.connect({ path: engineSocket, allowHalfOpen: true });
    let asked = '';
    let answered = '';
    const drop = (): void => {
      isOver = true;
      reached();
      client.destroy();
      engine.destroy();
    };
    const isStart = (): boolean =>
      !isOver && container !== undefined && asked.includes(`/containers/${container}/start`);
    client.on('data', (data) => {
      if (!isOver) asked += data.toString('latin1');
      if (moment === 'start asked' && isStart()) drop();
      else engine.write(data);
    });
    engine.on('data', (data) => {
      if (!isOver && container === undefined && MAKES_RUN.test(asked)) {
        answered += data.toString('latin1');
        container = /"Id": ?"([0-9a-f]{64})"/.exec(answered)?.[1];
        if (moment === 'created' && container !== undefined) return drop();
      }
      if (moment === 'started' && isStart()) drop();
      else client.write(data);
    });
    for (const [from, to] of [
      [client, engine],
      [engine, client],
    ] as const)
      from
        .on('end', () => to.end())
        .on('error', () => to.destroy())
        .on('close', () => to.destroy());
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  t.teardown(() => server.close());
  return socket;
}
