import type { Command } from './command.js';
import { buildCommand } from './commands/build.js';
import { cacheCommand } from './commands/cache.js';
import { completionCommand } from './commands/completion.js';
import { configCommand } from './commands/config.js';
import { daemonCommand } from './commands/daemon.js';
import { demoCommand } from './commands/demo.js';
import { doctorCommand } from './commands/doctor.js';
import { entrypointCommand } from './commands/entrypoint.js';
import { executeCommand } from './commands/execute.js';
import { initCommand } from './commands/init.js';
import { listCommand } from './commands/list.js';
import { pruneCommand } from './commands/prune.js';
import { serverCommand } from './commands/server.js';
import { serviceCommand } from './commands/service.js';

/** Every command, in the order of the help. */
export const COMMANDS: readonly Command[] = [
  daemonCommand,
  executeCommand,
  buildCommand,
  initCommand,
  configCommand,
  listCommand,
  doctorCommand,
  cacheCommand,
  pruneCommand,
  serviceCommand,
  entrypointCommand,
  demoCommand,
  serverCommand,
  completionCommand,
];
