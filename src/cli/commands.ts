import type { Command } from './command.js';
import { daemonCommand } from './commands/daemon.js';
import { demoCommand } from './commands/demo.js';
import { executeCommand } from './commands/execute.js';
import { initCommand } from './commands/init.js';
import { serverCommand } from './commands/server.js';

/** Every command, in the order of the help. */
export const COMMANDS: readonly Command[] = [
  daemonCommand,
  executeCommand,
  initCommand,
  demoCommand,
  serverCommand,
];
