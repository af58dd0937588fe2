import type { Command } from '../command.js';
import { MACHINE_CONTRADICTIONS } from '../contradictions.js';
import { containerFlags, machineFlags, runFlags } from '../shared-flags.js';

export const executeCommand: Command = {
  name: 'execute',
  summary: 'Run one task on this machine, now',
  flags: [
    { flags: '--id <task>', help: 'id (or name) of the task to run' },
    { flags: '--clone', help: 'run a clone of the task and leave the task itself alone' },
    { flags: '--require-queue', help: 'refuse a task that is not queued' },
    { flags: '--log-file <path>', help: "write the task's console to this file too" },
    {
      flags: '--disable-monitoring',
      help: 'send neither console, machine figures nor the final status; the SDK in the task still does',
    },
    { flags: '--full-monitoring', help: 'report everything, as the daemon does (the default here)' },
    { flags: '--standalone-mode', help: 'no network access but to the API: code and packages must be there' },
    ...containerFlags(
      'run the task in a container; image and arguments for a task that brings no image of its own',
    ),
    {
      flags: '--dry-run',
      help: 'print the docker run line of the container and run nothing; needs --docker or --podman',
      group: 'Container',
    },
    ...runFlags,
    ...machineFlags,
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
    const { runExecute } = await import('../run-execute.js');
    return runExecute(context);
  },
};
