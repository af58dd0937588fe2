import { type Command, wholeNumber } from '../command.js';

/** The file server listens on a port as far above as 8081 is from 8008. */
const LARGEST_PORT = 65_535 - (8081 - 8008);

export const serverCommand: Command = {
  name: 'server',
  summary: 'Run the embedded ClearML-compatible API server',
  flags: [
    { flags: '--folder <path>', help: "folder of the server's data (default: ~/.clearml/server)" },
    {
      flags: '--host <address>',
      help: 'address to listen on; any address other than loopback lets other machines connect',
      default: '127.0.0.1',
    },
    {
      flags: '--port <number>',
      help: 'port of the API; the file server listens on this port plus 73',
      default: 8008,
      parse: wholeNumber('--port', 0, LARGEST_PORT),
    },
  ],
  examples: ['agent server', 'agent server --folder /srv/clearml --port 8108'],
  async run(context) {
    const { runServer } = await import('./run.js');
    const { folder, host, port } = context.options;
    return runServer({
      folder: typeof folder === 'string' ? folder : undefined,
      host: String(host),
      port: Number(port),
      home: context.home,
      out: context.stdout,
    });
  },
};
