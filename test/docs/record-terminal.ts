import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Printed, terminalSvg } from './terminal-svg.js';

/** Runs the demonstration on a pseudo-terminal and draws what it printed, in its own times, to docs/recording.svg. */
const ROOT = path.resolve(import.meta.dirname, '../..');
const COMMAND = ['npm', 'start'] as const;
const LARGEST = 60_000;

/** Copies a pseudo-terminal to standard output; the agent prints as it does for a person. */
const ON_TERMINAL = 'import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))';

async function record(): Promise<Printed[]> {
  const began = performance.now();
  const child = spawn('python3', ['-c', ON_TERMINAL, ...COMMAND], {
    cwd: ROOT,
    env: plainEnvironment(),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const printed: Printed[] = [];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed.push({ at: (performance.now() - began) / 1000, text });
  });
  const [status] = await once(child, 'close');
  if (status !== 0) throw new Error(`${COMMAND.join(' ')} ended with ${status}`);
  return printed;
}

/** Settings of this machine's pip and npm would be on the picture. */
function plainEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(PIP|UV|CLEARML|TRAINS|npm)_/i.test(name));
  const still = {
    npm_config_progress: 'false',
    npm_config_update_notifier: 'false',
    NO_COLOR: '1',
    TERM: 'xterm',
  };
  return { ...Object.fromEntries(kept), ...still, PIP_CONFIG_FILE: '/dev/null' };
}

/** Leaves out where this machine has its programs, and the random part of the names of folders. */
function withoutPlaces(text: string): string {
  return text
    .replace(/\u001b\[[0-9;?]*[A-Za-z]/g, '')
    .replaceAll(tmpdir(), '/tmp')
    .replace(/\/tmp\/clearml-demo-\w+/g, '/tmp/demo')
    .replace(/(venvs-builds\/[0-9a-f]{4})[^/\s]+/g, '$1…')
    .replace(/\(\/\S+(\/bin\/python[\d.]*)\)/g, '(…$1)');
}

const printed = (await record()).map(({ at, text }) => ({ at, text: withoutPlaces(text) }));
const svg = terminalSvg(COMMAND.join(' '), printed);
if (svg.length > LARGEST) throw new Error(`the recording has ${svg.length} characters, more than ${LARGEST}`);
fs.writeFileSync(path.join(ROOT, 'docs', 'recording.svg'), svg);
