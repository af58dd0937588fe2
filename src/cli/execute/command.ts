import type { Command } from '../command.js';
import { MACHINE_CONTRADICTIONS } from '../contradictions.js';
import { driverFlags, machineFlags, outputFlags, runFlags } from '../shared-flags.js';

export const executeCommand: Command = {
  name: 'execute',
  summary: 'Run one task on this machine, now',
  flags: [
    { flags: '--id <task>', help: 'id (or name) of the task to run' },
    { flags: '--clone', help: 'run a clone of the task and leave the original unchanged' },
    { flags: '--require-queue', help: 'refuse a task that is not queued' },
    { flags: '--log-file <path>', help: "write the task's console to this file too" },
    {
      flags: '--disable-monitoring',
      help: 'send no console, no machine metrics and no final status; the SDK in the task still reports',
    },
    { flags: '--full-monitoring', help: 'report everything, as the daemon does (the default here)' },
    {
      flags: '--standalone-mode',
      help: 'use the network for the API only; code and packages must already be present',
    },
    ...driverFlags('run the task in a container; image and arguments are for a task that names no image'),
    {
      flags: '--dry-run',
      help: 'print the docker run command and run nothing; needs --docker or --podman',
      group: 'Container',
    },
    ...runFlags,
    ...machineFlags,
    ...outputFlags,
  ],
  contradictions: [
    {
      flags: ['--disable-monitoring', '--full-monitoring'],
      hint: 'Give the one that is meant; --full-monitoring is the default.',
    },
    {
      flags: ['--clone', '--require-queue'],
      hint: 'A clone waits in no queue; leave --require-queue out to run one.',
    },
    {
      flags: ['--dry-run', '--log-file'],
      hint: 'Nothing runs with --dry-run, so there is no console to keep.',
    },
    ...MACHINE_CONTRADICTIONS,
  ],
  examples: [
    'agent execute --id 4f1d…',
    'agent execute --id 4f1d… --clone',
    'agent execute --id 4f1d… --docker python:3.12',
  ],
  async run(context) {
    const { runExecute } = await import('./run.js');
    return runExecute(context);
  },
};
