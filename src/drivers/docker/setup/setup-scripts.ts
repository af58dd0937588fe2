import { quoteWord } from '../arguments/shell-text.js';

/** A script of the administrator or the task that prepares a container. */
export interface SetupScript {
  /** What it is, for the log: `agent.extra_docker_shell_script`. */
  name: string;
  text: string;
  /** Its author counts on git, a Python with pip and fresh package lists: the original has brought them by then. */
  afterTools?: true;
  /** Names of variables that it sets for those after it, where its text does not show them. */
  sets?: readonly string[];
}

/** The administrator's script that takes the place of what is done with every container. */
export const OWN_PREPARATION = 'agent.docker_init_bash_script';

/** How the shell of the scripts ended, and what it left behind. */
export interface SetupReport {
  /** Of the scripts given, the one that was at work; their number when all have run. */
  script: number;
  /** 0 unless a script called `exit`, or a command failed under its `set -e`. */
  exitCode: number;
  environment: Record<string, string>;
}

/**
 * One shell program that runs all scripts in order, each as a whole: what one leaves open (a quote, an `if`)
 * ends with it. A command that fails does not stop what follows. At its end the program reports between two
 * lines of `marker`, on an output of its own, which no redirection in a script takes away.
 */
export function setupProgram(scripts: readonly SetupScript[], marker: string): string {
  const report = [
    `printf '\\n%s %s %s\\n' ${marker} "$agent_script" "$agent_status"`,
    'cat /proc/self/environ',
    `printf '\\n%s\\n' ${marker}`,
  ].join('; ');
  return [
    'exec 9>&1',
    `agent_report() { [ -n "$agent_reported" ] || { agent_reported=1; ${report}; } >&9; }`,
    "trap 'agent_status=$?; agent_report' EXIT",
    'export DEBIAN_FRONTEND=noninteractive PIP_BREAK_SYSTEM_PACKAGES=1',
    ...scripts.flatMap(({ text }, index) => [
      `agent_script=${index}`,
      `command eval ${quoteWord(text.replaceAll('\r\n', '\n'))}`,
    ]),
    `agent_script=${scripts.length}; agent_status=0; agent_report; exit 0`,
    '',
  ].join('\n');
}

/** Separates what scripts print from the report, as pieces come in. */
export class SetupOutput {
  /** Settles with the report; programs that a script left in the background may go on printing. */
  readonly reported: Promise<SetupReport>;
  readonly #begin: string;
  readonly #end: string;
  readonly #print: (text: string) => void;
  #tell: ((report: SetupReport) => void) | undefined;
  #held = '';
  #inside = false;

  constructor(marker: string, print: (text: string) => void) {
    this.#begin = `\n${marker} `;
    this.#end = `\n${marker}\n`;
    this.#print = print;
    this.reported = new Promise((resolve) => {
      this.#tell = resolve;
    });
  }

  feed(text: string): void {
    if (this.#tell === undefined) {
      this.#print(text);
      return;
    }
    this.#held += text;
    if (!this.#inside) this.#seekBegin();
    if (this.#inside) this.#seekEnd();
  }

  /** Prints what was held back, for a shell that ended without a report. */
  flush(): void {
    if (!this.#inside) this.#release(this.#held.length);
  }

  #seekBegin(): void {
    const at = this.#held.indexOf(this.#begin);
    this.#inside = at >= 0;
    // The end may be the beginning of the marker.
    this.#release(at >= 0 ? at : this.#held.length - overlap(this.#held, this.#begin));
  }

  #seekEnd(): void {
    const at = this.#held.indexOf(this.#end);
    if (at < 0) return;
    const report = this.#held.slice(this.#begin.length, at);
    const rest = this.#held.slice(at + this.#end.length);
    const [head = ''] = report.split('\n', 1);
    const [script, exitCode] = head.split(' ').map(Number);
    this.#tell?.({
      script: script ?? 0,
      exitCode: exitCode ?? 0,
      environment: parseEnvironment(report.slice(head.length + 1)),
    });
    this.#tell = undefined;
    this.#held = '';
    if (rest !== '') this.#print(rest);
  }

  #release(length: number): void {
    if (length > 0) this.#print(this.#held.slice(0, length));
    this.#held = this.#held.slice(length);
  }
}

/** How many characters at the end of a text are the beginning of another. */
function overlap(text: string, other: string): number {
  let length = Math.min(text.length, other.length);
  while (!text.endsWith(other.slice(0, length))) length -= 1;
  return length;
}

/** Variables that a shell keeps for itself. */
const SHELL_OWN: ReadonlySet<string> = new Set(['_', 'SHLVL', 'PWD', 'OLDPWD']);

/** Variables as the kernel lists them, each ended by a zero byte. */
export function parseEnvironment(text: string): Record<string, string> {
  const pairs = text
    .split('\0')
    .map(
      (pair) => [pair.slice(0, Math.max(0, pair.indexOf('='))), pair.slice(pair.indexOf('=') + 1)] as const,
    );
  return Object.fromEntries(pairs.filter(([name]) => name !== '' && !SHELL_OWN.has(name)));
}
