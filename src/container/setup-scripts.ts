import { AgentError } from '../errors.js';
import { programText } from '../os/program-file.js';
import { quoteWord } from '../os/shell-words.js';
import { WORKSPACE_INSIDE } from './layout.js';

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
  /** Of the shell: 0 unless a script called `exit`, or a command failed under its `set -e`. */
  exitCode: number;
  environment: Record<string, string>;
  /** Why the shell cannot read that script, in its own words. */
  broken: string | undefined;
}

/** What a shell ends with when it cannot read a text; also what many a failing command ends with. */
const CANNOT_READ = 2;

/** Where the agent's own lines find their programs, whatever scripts do to `PATH`. */
const OWN_FOLDERS = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const OWN_PATH = `PATH=$PATH:${OWN_FOLDERS}`;

/**
 * One shell program that runs all scripts in order, each as a whole. A command that fails does not stop what
 * follows; a script that the shell cannot read (an `if` or a quote left open) does. Beyond that, the program only
 * calls `agent_done`, before each script and at its end, and `agent_read`, after a script that may be unreadable:
 * these start shells of their own, so nothing that a script does to its shell (`set -u`, redirections, traps,
 * another folder or `PATH`) gets in the way.
 */
export function setupProgram(scripts: readonly SetupScript[]): string {
  const texts = scripts.map(({ text }) => quoteWord(text.replaceAll('\r\n', '\n')));
  return [
    // Before any script, one of which may have all later functions exported (`set -a`).
    'agent_text() { case $1 in',
    ...texts.map((text, index) => `${index}) command printf '%s\\n' ${text};;`),
    'esac; }',
    `agent_script=0; trap 'agent_read $? "$agent_script" || :; agent_done "$agent_script" || :' EXIT`,
    'export DEBIAN_FRONTEND=noninteractive PIP_BREAK_SYSTEM_PACKAGES=1',
    ...texts.flatMap((text, index) => [
      `agent_script=${index}; agent_done ${index} || :`,
      `command eval ${text}`,
      `agent_read $? ${index} || exit ${CANNOT_READ}`,
    ]),
    `agent_script=${scripts.length}; agent_done ${scripts.length} || :; exit 0`,
    '',
  ].join('\n');
}

/** Keeps which script is at work, and the exported variables of the shell that has started it. */
const REPORT = `umask 077
${OWN_PATH}
cd "\${0%/*}" && echo "$1" > script.new && cat "/proc/$$/environ" > environment.new &&
mv -f script.new script && mv -f environment.new environment`;

/** Keeps what a shell says about a text that it cannot read; bash reads some patterns only when they are allowed. */
const CHECK = `umask 077
${OWN_PATH}
cd "\${0%/*}" && text=$(cat)
case $1 in *bash) set -- "$1" -O extglob ;; esac
said=$(printf '%s\\n' "$text" | "$@" -n 2>&1 >/dev/null) && exit 0
printf '%s\\n' "$said" > broken; exit 1`;

/** Scripts hold secrets, and every user of the machine can read the arguments of a process: they come as input. */
const READ_PROGRAM = `agent_program=$(${OWN_PATH} cat); exec </dev/null
eval "agent_done() { /bin/sh '$1/report' \\"\\$1\\"; }
agent_read() { [ \\"\\$1\\" != ${CANNOT_READ} ] || agent_text \\"\\$2\\" | /bin/sh '$1/check' '$0'; }; unset agent_program; set --; $agent_program"`;

/**
 * The command that takes a program of `setupProgram` as input (`run-setup.sh`), and reports its end between two lines
 * of a marker. What scripts print goes through a pipe of this shell: it ends when the last background job has ended,
 * and the engine takes the output until then.
 *
 * @param shell for the scripts; `/bin/sh` where the container lacks it
 */
export function setupCommand(marker: string, shell = 'bash'): [string, ...string[]] {
  const around = programText('run-setup.sh', import.meta.url);
  const words = [marker, REPORT, CHECK, READ_PROGRAM, shell, WORKSPACE_INSIDE, OWN_FOLDERS];
  return ['/bin/sh', '-c', around, 'sh', ...words];
}

/** Separates what scripts print from the report, as pieces come in. */
export class SetupOutput {
  /** Settles with the report; programs that a script left in the background may keep printing. */
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
    const [script = 0, exitCode = 0, ...said] = head.split(' ');
    this.#tell?.({
      script: Number(script),
      exitCode: Number(exitCode),
      environment: parseEnvironment(report.slice(head.length + 1)),
      broken: said.join(' ').replace(/^\S+: /, '') || undefined,
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

/** Why a script ended the set-up. */
export function scriptFailed(script: SetupScript | undefined, { exitCode, broken }: SetupReport): AgentError {
  const name = script?.name ?? 'a set-up script';
  const [what, hint] =
    broken === undefined
      ? [
          `ended the set-up of the container with status ${exitCode}`,
          'A failing command does not stop a script; "exit", and "set -e" before it, do.',
        ]
      : [`is no valid shell script: ${broken}`, '"sh -n FILE" checks a script without running it.'];
  return new AgentError('DOCKER_CONTAINER', `${name} ${what}`, { hint });
}
