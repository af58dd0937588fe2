import { type Command, wholeNumber } from '../command.js';
import { duration } from '../duration.js';

/** The page and the file server listen on ports as far above as 8080 and 8081 are from 8008. */
const LARGEST_PORT = 65_535 - (8081 - 8008);

export const serverCommand: Command = {
  name: 'server',
  summary: 'Run the embedded ClearML-compatible API server, or look after its data',
  positionals: ['[action]', '[words...]'],
  positionalChoices: [
    'backup',
    'restore',
    'check',
    'compact',
    'health',
    'users',
    'credentials',
    'vaults',
    'link',
  ],
  flags: [
    { flags: '--folder <path>', help: "folder of the server's data (default: ~/.clearml/server)" },
    {
      flags: '--host <address>',
      help: 'address to listen on; any address other than loopback lets other machines connect (default: 127.0.0.1)',
      group: 'Addresses',
    },
    {
      flags: '--port <number>',
      help: 'port of the API; the page listens on this port plus 72, the file server plus 73 (default: 8008)',
      group: 'Addresses',
      parse: wholeNumber('--port', 0, LARGEST_PORT),
    },
    { flags: '--open', help: 'open the page in a browser; also with link', group: 'Addresses' },
    {
      flags: '--one-port',
      help: 'serve the page at /, the API at /api and the file server at /files of --port',
      group: 'Addresses',
    },
    {
      flags: '--path-prefix <path>',
      help: 'path at which a proxy has the server, such as /clearml',
      group: 'Addresses',
    },
    {
      flags: '--tls-cert <file>',
      help: 'PEM file with the certificate; with --tls-key the server speaks HTTPS',
      group: 'Addresses',
    },
    {
      flags: '--tls-key <file>',
      help: 'PEM file with the private key of the certificate',
      group: 'Addresses',
    },
    {
      flags: '--metrics-port <number>',
      help: 'serve /metrics and /healthz on this port of the loopback interface',
      group: 'Log and metrics',
      parse: wholeNumber('--metrics-port', 0, 65_535),
    },
    {
      flags: '--log-file <file>',
      help: 'write the log to this file too, and rotate it',
      group: 'Log and metrics',
    },
    {
      flags: '--no-print-conf',
      help: 'do not print the clearml.conf with the secret key at the start',
      group: 'Log and metrics',
    },
    {
      flags: '--config-sources',
      help: 'print the configuration and the source of each value, and end',
    },
    {
      flags: '--name <text>',
      help: 'with users add: name that others see (default: the name to log in with)',
      group: 'Users and credentials',
    },
    {
      flags: '--admin',
      help: 'with users add: the user may also make users',
      group: 'Users and credentials',
    },
    {
      flags: '--role <role>',
      help: 'with credentials add: "agent" for a pair that runs the tasks of all users and makes no keys and users',
      choices: ['agent'],
      group: 'Users and credentials',
    },
    {
      flags: '--label <text>',
      help: 'with credentials add and vaults add: what the pair or the vault is for',
      group: 'Users and credentials',
    },
    {
      flags: '--user <name>',
      help: 'with vaults: those of this user (default: those for everybody)',
      group: 'Users and credentials',
    },
    {
      flags: '--json',
      help: 'with users, credentials and vaults: print JSON',
      group: 'Users and credentials',
    },
    { flags: '--files', help: 'with backup: with what was uploaded to the file server', group: 'Backups' },
    {
      flags: '--every <time>',
      help: 'with backup: let the server make one each time this has passed, such as 1d; 0 ends that',
      group: 'Backups',
      parse: duration('--every'),
    },
    {
      flags: '--keep <number>',
      help: 'with --every: how many backups stay (default: 2)',
      group: 'Backups',
      parse: wholeNumber('--keep', 1, 10_000),
    },
    {
      flags: '--replace',
      help: 'with restore: move data that is in the folder aside',
      group: 'Backups',
    },
  ],
  examples: [
    'agent server',
    'agent server --open',
    'agent server --folder /srv/clearml --port 8108',
    'agent server backup /backups/clearml.tar.gz --files',
    'agent server backup /backups/clearml.tar.gz --every 1d --keep 2',
    'agent server restore /backups/clearml-20261130T030000Z.tar.gz',
    'agent server check',
    'agent server link',
    'agent server users add jane --name "Jane Doe" < password.txt',
    'agent server credentials add jane --role agent --label "GPU machine"',
    'agent server vaults add team.conf --label "Keys of the object store"',
    'agent server --config-sources',
  ],
  async run(context) {
    const { runServerCommand } = await import('./run.js');
    return runServerCommand(context);
  },
};
