import { execFile } from 'node:child_process';
import path from 'node:path';

const DRIVER = path.join(import.meta.dirname, 'terminal.py');

/** `make` writes an empty file, for what waits for it. */
export type TerminalStep = { wait: string } | { type: string } | { make: string };

export interface TerminalRun {
  argv: readonly string[];
  steps: readonly TerminalStep[];
  cwd: string;
  env: Readonly<Record<string, string | undefined>>;
}

/** Types into a program on a real pseudo-terminal; what it showed has no colours and cursor movements left. */
export function onTerminal({
  argv,
  steps,
  cwd,
  env,
}: TerminalRun): Promise<{ shown: string; raw: string; status: number }> {
  return new Promise((resolve, reject) => {
    const options = { cwd, env: { ...env, TERM: 'xterm' } };
    execFile('python3', [DRIVER, JSON.stringify(steps), ...argv], options, (error, stdout, stderr) => {
      const shown = stdout.replace(/\u001b\[[0-9;?]*[A-Za-z]/g, '').replace(/\r/g, '');
      if (error) reject(new Error(`${stderr}\n${shown}`));
      else resolve({ shown, raw: stdout, status: Number(/exit: (-?\d+)\n$/.exec(shown)?.[1]) });
    });
  });
}
