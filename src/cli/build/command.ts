import type { Command } from '../command.js';
import { MACHINE_CONTRADICTIONS } from '../contradictions.js';
import { driverFlags, machineFlags, outputFlags, runFlags } from '../shared-flags.js';

export const buildCommand: Command = {
  name: 'build',
  summary: "Make a task's environment and code without running it",
  flags: [
    { flags: '--id <task>', help: 'id (or name) of the task to build' },
    {
      flags: '--target <place>',
      help: 'new or empty folder for the environment; with --docker, the name of the image',
    },
    {
      flags: '--python-version <version>',
      help: "Python version to use instead of the task's own, such as 3.11",
    },
    {
      flags: '--install-globally',
      help: "install the packages into the interpreter found; the target's environment sees them",
    },
    {
      flags: '--standalone-mode',
      help: 'use the network for the API only; code and packages must already be present',
    },
    ...driverFlags(
      "build an image, in a container of the task's image or of the image named here with its arguments",
      true,
    ),
    {
      flags: '--force-docker',
      help: "ignore the task's own container section",
      group: 'Container',
    },
    {
      flags: '--entry-point <what>',
      help: 'whether the image runs the task itself or a clone of it',
      group: 'Container',
      choices: ['reuse_task', 'clone_task'],
    },
    ...runFlags,
    ...machineFlags,
    ...outputFlags,
  ],
  contradictions: [
    {
      flags: ['--install-globally', '--docker'],
      hint: 'An image has an environment of its own; leave --install-globally out.',
    },
    {
      flags: ['--install-globally', '--podman'],
      hint: 'An image has an environment of its own; leave --install-globally out.',
    },
    ...MACHINE_CONTRADICTIONS,
  ],
  examples: [
    'agent build --id 4f1d… --target ~/envs/experiment',
    'agent build --id 4f1d… --docker python:3.11 --target experiment:1 --entry-point clone_task',
  ],
  async run(context) {
    const { runBuild } = await import('./run.js');
    return runBuild(context);
  },
};
