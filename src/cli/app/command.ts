import type { Command } from '../command.js';

const SERVER = 'Server';

export const appCommand: Command = {
  name: 'app',
  summary: 'Check, pack, upload, list and delete custom applications',
  positionals: ['<action>', '[words...]'],
  positionalChoices: ['check', 'pack', 'upload', 'list', 'delete'],
  flags: [
    {
      flags: '-o, --output <file>',
      help: 'with pack: the archive to write (default: NAME.zip beside the folder)',
    },
    { flags: '--files <names...>', help: 'with upload: archives, folders or application files' },
    {
      flags: '--app <id>',
      aliases: ['-app'],
      help: 'with delete: the id of the application; -app is the same',
    },
    { flags: '--version <version>', help: 'with delete: only this version' },
    { flags: '--json', help: 'with check and list: print JSON' },
    {
      flags: '--host <address>',
      help: 'address of the API server (default: of clearml.conf or CLEARML_API_HOST)',
      group: SERVER,
    },
    {
      flags: '--user <key>',
      help: 'access key of an administrator (default: of clearml.conf or CLEARML_API_ACCESS_KEY)',
      group: SERVER,
    },
    {
      flags: '--password <secret>',
      help: 'secret key; "-" reads it from the input, which keeps it out of the process list',
      group: SERVER,
    },
  ],
  examples: [
    'agent app check simple-app.app.conf',
    'agent app pack simple-app -o simple-app.zip',
    'agent app upload simple-app.zip',
    'agent app upload --host http://localhost:8008 --user KEY --password - --files simple-app.zip < secret.txt',
    'agent app list',
    'agent app delete simple-app --version 1.0.0',
  ],
  async run(context) {
    const { runApp } = await import('./run.js');
    return runApp(context);
  },
};
