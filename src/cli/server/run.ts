import path from 'node:path';
import { causeLine } from '../../errors.js';
import { serverConfText, startServer } from '../../server/server.js';

export interface RunServerOptions {
  folder: string | undefined;
  host: string;
  port: number;
  home: string;
  out: NodeJS.WritableStream;
}

/** `agent server`: runs until it is stopped. */
export async function runServer(options: RunServerOptions): Promise<number> {
  const folder = path.resolve(options.folder ?? path.join(options.home, '.clearml', 'server'));
  const server = await startServer({
    folder,
    host: options.host,
    port: options.port,
    onFailure: (error, endpoint) => options.out.write(`${endpoint}: ${causeLine(error)}\n`),
  });
  options.out.write(`ClearML-compatible server on ${server.url}, data in ${folder}\n`);
  options.out.write(`Credentials are in ${server.credentialsFile}. The clearml.conf to use:\n\n`);
  options.out.write(`${serverConfText(server)}\n`);
  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  await server.close();
  return 0;
}
