import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** What a program was started with, as the kernel shows it to the same user. */
export interface ProcessRecord {
  /** `git`, `build`, `above a build`, … */
  name: string;
  argv: string[];
  /** `NAME=value` */
  env: string[];
}

export interface ProcessRecords {
  /** For PATH: programs that note themselves and then run the real ones. */
  bin: string;
  /** Python that notes the process that runs it and, where asked, what started that, up to the agent. */
  python(name: string, options?: { above: boolean }): string;
  all(): ProcessRecord[];
}

/**
 * @param programs the real programs by name; one without a path is the machine's own
 */
export function processRecords(
  root: string,
  programs: Readonly<Record<string, string | undefined>>,
): ProcessRecords {
  const [bin, notes] = [path.join(root, 'recording'), path.join(root, 'records')];
  for (const folder of [bin, notes]) mkdirSync(folder, { recursive: true });
  for (const [name, given] of Object.entries(programs)) {
    const real = given ?? execFileSync('/bin/sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim();
    const note = (part: string) => `cat "/proc/$$/${part}" >'${notes}/${name}'".$$.${part}"`;
    const lines = ['#!/bin/sh', note('cmdline'), note('environ'), `exec '${real}' "$@"`, ''];
    writeFileSync(path.join(bin, name), lines.join('\n'), { mode: 0o755 });
  }
  return {
    bin,
    python: (name, { above } = { above: false }) =>
      [
        'import os',
        'def note(name, pid):',
        '    for part in ("cmdline", "environ"):',
        '        with open(f"/proc/{pid}/{part}", "rb") as source:',
        '            text = source.read()',
        `        with open(f"${notes}/{name}.{pid}.{part}", "wb") as out:`,
        '            out.write(text)',
        '    return text',
        'def parent(pid):',
        '    return int(open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[1])',
        `note(${JSON.stringify(name)}, os.getpid())`,
        ...(above
          ? [
              'pid = os.getppid()',
              'while pid > 1 and b"agent.js" not in open(f"/proc/{pid}/cmdline", "rb").read():',
              `    note(${JSON.stringify(`above a ${name}`)}, pid)`,
              '    pid = parent(pid)',
            ]
          : []),
        '',
      ].join('\n'),
    all: () =>
      readdirSync(notes)
        .filter((file) => file.endsWith('.cmdline'))
        .map((file) => {
          const words = (part: string) =>
            readFileSync(path.join(notes, file.replace(/cmdline$/, part)), 'utf8')
              .split('\0')
              .filter((word) => word !== '');
          return { name: file.replace(/\.\d+\.cmdline$/, ''), argv: words('cmdline'), env: words('environ') };
        }),
  };
}
