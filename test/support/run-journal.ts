import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { workerFolder } from '../../src/os/paths.js';
import type { AgentUnderTest } from './agent-under-test.js';

/** Where the daemon `test:0` keeps its runs. */
export function runsFolder({ home }: Pick<AgentUnderTest, 'home'>): string {
  return path.join(workerFolder(path.join(home.folder, '.clearml', 'agent'), 'test:0'), 'runs');
}

/** The journal of the run whose command was started. */
export function journalOf(agent: Pick<AgentUnderTest, 'home'>): string {
  const folder = runsFolder(agent);
  const run = readdirSync(folder).find((name) =>
    readFileSync(path.join(folder, name, 'journal.jsonl'), 'utf8').includes('"launched"'),
  );
  return path.join(folder, run ?? 'none', 'journal.jsonl');
}

/** What the disk holds after a kill between the start of the command and the note of it. */
export function cutLaunched(file: string): void {
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.includes('"launched"'));
  writeFileSync(file, `${lines.join('\n')}\n`);
}
