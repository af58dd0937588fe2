/**
 * A stand-in for the daemon in a process of its own: launches the command of its arguments, prints the
 * reference of the workload and waits.
 * Use: tsx local-daemon.ts FOLDER COMMAND ARGUMENTS…
 */
import path from 'node:path';
import { localDriver } from './local-run.js';

const [folder = '', program = '', ...args] = process.argv.slice(2);
const { signal } = new AbortController();
const driver = localDriver(signal);
const place = await driver.open({
  taskId: 'task',
  runFolder: path.join(folder, 'run'),
  workspace: path.join(folder, 'work'),
  reporter: { line: () => undefined, output: () => undefined },
  signal,
});
const workload = await driver.launch(place, { argv: [program, ...args] });
process.stdout.write(`${JSON.stringify(workload.ref)}\n`);
await workload.exited;
