/** A script of the administrator or the task that prepares a container. */
export interface SetupScript {
  /** What it is, for the log: `agent.extra_docker_shell_script`. */
  name: string;
  text: string;
}

/**
 * One shell program that runs all scripts in order, each as a whole, and at its end prints the environment
 * that they leave behind `marker`, each variable ended by a zero byte. A command that fails does not stop
 * what follows; `exit` in a script ends all.
 */
export function setupProgram(scripts: readonly SetupScript[], marker: string): string {
  const report = `printf '\\n%s\\n' ${marker}; cat /proc/self/environ`;
  return [
    `trap '${report.replaceAll("'", `'"'"'`)}' EXIT`,
    'export DEBIAN_FRONTEND=noninteractive',
    ...scripts.flatMap(({ text }) => [text.replaceAll('\r\n', '\n'), '']),
    '',
  ].join('\n');
}

/** Separates what scripts print from the environment behind the marker, as pieces come in. */
export class SetupOutput {
  readonly #marker: string;
  readonly #print: (text: string) => void;
  #held = '';
  #environment: string | undefined;

  constructor(marker: string, print: (text: string) => void) {
    this.#marker = `\n${marker}\n`;
    this.#print = print;
  }

  feed(text: string): void {
    if (this.#environment !== undefined) {
      this.#environment += text;
      return;
    }
    this.#held += text;
    const at = this.#held.indexOf(this.#marker);
    if (at >= 0) {
      this.#environment = this.#held.slice(at + this.#marker.length);
      this.#release(at);
      return;
    }
    // The end may be the beginning of the marker.
    this.#release(Math.max(0, this.#held.length - this.#marker.length));
  }

  /** The environment, once all output has been fed; `undefined` when the shell was killed. */
  environment(): Record<string, string> | undefined {
    if (this.#environment === undefined) this.#release(this.#held.length);
    return this.#environment === undefined ? undefined : parseEnvironment(this.#environment);
  }

  #release(length: number): void {
    if (length > 0) this.#print(this.#held.slice(0, length));
    this.#held = this.#held.slice(length);
  }
}

/** Variables as the kernel lists them, each ended by a zero byte. */
export function parseEnvironment(text: string): Record<string, string> {
  const pairs = text.split('\0').filter((pair) => pair.indexOf('=') > 0);
  return Object.fromEntries(
    pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  );
}
