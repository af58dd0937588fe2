import path from 'node:path';
import { causeLine } from '../../errors.js';
import { visibleName } from '../../logs/visible-text.js';
import { serverConfText, startServer } from '../../server/server.js';

export interface RunServerOptions {
  folder: string | undefined;
  host: string;
  port: number;
  home: string;
  out: NodeJS.WritableStream;
}

/** Characters of a cause in the log: it may hold a name that a client chose. */
const MAX_CAUSE = 500;

/** `agent server`: runs until it is stopped. */
export async function runServer(options: RunServerOptions): Promise<number> {
  const folder = path.resolve(options.folder ?? path.join(options.home, '.clearml', 'server'));
  const server = await startServer({
    folder,
    host: options.host,
    port: options.port,
    onFailure: (error, endpoint) =>
      options.out.write(`${visibleName(endpoint)}: ${visibleName(causeLine(error), MAX_CAUSE)}\n`),
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
