/** The public surface: what a program that embeds the agent or its server may rely on. */
export { Config, type ConfigTree, type ConfigValue } from './config/config.js';
export { loadConfig } from './config/load.js';
export { type DaemonOptions, runDaemon } from './daemon/daemon.js';
export { type ExecuteOptions, executeTask } from './daemon/execute.js';
export type { Driver, Place, PlaceCommand, Workload, WorkloadExit } from './drivers/driver.js';
export { AgentError, type ErrorCode, isAgentError } from './errors.js';
