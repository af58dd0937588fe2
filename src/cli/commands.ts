import { appCommand } from './app/command.js';
import { buildCommand } from './build/command.js';
import { cacheCommand } from './cache/command.js';
import type { Command } from './command.js';
import { completionCommand } from './completion/command.js';
import { configCommand } from './config/command.js';
import { daemonCommand } from './daemon/command.js';
import { demoCommand } from './demo/command.js';
import { doctorCommand } from './doctor/command.js';
import { drainCommand } from './drain/command.js';
import { entrypointCommand } from './entrypoint/command.js';
import { executeCommand } from './execute/command.js';
import { gpusCommand } from './gpus/command.js';
import { initCommand } from './init/command.js';
import { listCommand } from './list/command.js';
import { logsCommand } from './logs/command.js';
import { pauseCommand } from './pause/command.js';
import { pruneCommand } from './prune/command.js';
import { resumeCommand } from './resume/command.js';
import { serverCommand } from './server/command.js';
import { serviceCommand } from './service/command.js';
import { stopCommand } from './stop/command.js';
import { tasksCommand } from './tasks/command.js';
import { topCommand } from './top/command.js';

/** Every command, in the order of the help. */
export const COMMANDS: readonly Command[] = [
  daemonCommand,
  topCommand,
  tasksCommand,
  logsCommand,
  stopCommand,
  pauseCommand,
  resumeCommand,
  drainCommand,
  executeCommand,
  buildCommand,
  initCommand,
  configCommand,
  listCommand,
  gpusCommand,
  doctorCommand,
  cacheCommand,
  pruneCommand,
  serviceCommand,
  entrypointCommand,
  demoCommand,
  serverCommand,
  appCommand,
  completionCommand,
];
