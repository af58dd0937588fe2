import { chmod, readFile, writeFile } from 'node:fs/promises';
import type { ExecOptions, ExecResult, Place, PlaceCommand } from '../../src/drivers/driver.js';
import { HERE } from '../../src/drivers/local/local-place.js';
import { run } from '../../src/os/exec.js';

/** Commands that ran in a place, for tests that say how often something happened. */
export interface RecordingPlace extends Place {
  readonly commands: PlaceCommand[];
}

/** This machine as a place, with an environment of the test's own. */
export function localPlace(env: Readonly<Record<string, string | undefined>>): RecordingPlace {
  const commands: PlaceCommand[] = [];
  const base = Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  return {
    capabilities: HERE,
    ref: { kind: 'local', taskId: 'test' },
    commands,
    environment: async () => base,
    exec(command: PlaceCommand, options: ExecOptions = {}): Promise<ExecResult> {
      commands.push(command);
      const { cwd, env: extra, argv } = command;
      return run(argv, { ...options, env: { ...base, ...extra }, ...(cwd === undefined ? {} : { cwd }) });
    },
    async write(file, content, mode) {
      await writeFile(file, content, mode === undefined ? {} : { mode });
      if (mode !== undefined) await chmod(file, mode);
    },
    read: (file) => readFile(file, 'utf8').catch(() => undefined),
    inside: (hostPath) => hostPath,
  };
}
