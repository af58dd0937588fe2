import { CONTROL_INSIDE } from '../../container/layout.js';
import { quoteWord } from '../../os/shell-words.js';
import type { PlaceCommand } from '../driver.js';

/**
 * First process of every task container: waits, with nothing but the shell itself, until the agent writes to the
 * pipe, then becomes the task's command. The script is looked for again and again, because the end of an orphan
 * interrupts some shells at the pipe. A container that the engine restarts goes straight on.
 */
export const WAITING_COMMAND: string[] = [
  '/bin/sh',
  '-c',
  `until [ -e ${CONTROL_INSIDE}/start ]; do [ -p ${CONTROL_INSIDE}/go ] || exit 125; read -r go < ${CONTROL_INSIDE}/go; done 2>/dev/null; . ${CONTROL_INSIDE}/start`,
];

export interface StartSurroundings {
  environment: Readonly<Record<string, string | undefined>>;
  /** File in the container that takes the command's output. */
  output: string;
}

/** What the engine's own log of the container says. */
const HINT = 'The output of this container is in the log of its ClearML task.';

/** Whether the engine's own log of a container shows that its command was released. */
export function saysReleased(said: string): boolean {
  return said.includes(HINT);
}

const KILLS_NAME = 'oom_kill';

/** Says how many processes of the container were killed for memory so far, by its control group's own count. */
const COUNT_KILLS = `(for file in /sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control; do
  [ ! -r "$file" ] || while read -r name count; do
    [ "$name" != ${KILLS_NAME} ] || echo "${KILLS_NAME} $count"
  done < "$file"
done)`;

/**
 * Processes that were killed for memory before the command began.
 *
 * @param said what the engine's own log of the container says
 * @returns `undefined` where it has no count
 */
export function killsBeforeCommand(said: string): number | undefined {
  const counts = [...said.matchAll(new RegExp(`^${KILLS_NAME} (\\d+)\\r?$`, 'gm'))];
  const last = counts.at(-1)?.[1];
  return last === undefined ? undefined : Number(last);
}

/**
 * The script that becomes the command: its folder, its variables over the container's, then the command in
 * place of the shell. Its output goes to a file, because engines keep the output of a terminal or pipe by lines of
 * limited length.
 */
export function startScript(command: PlaceCommand, { environment, output }: StartSurroundings): string {
  const variables = Object.entries({ ...environment, ...command.env }).filter(([name]) =>
    /^[A-Za-z_]\w*$/.test(name),
  );
  return [
    `echo ${quoteWord(HINT)}`,
    COUNT_KILLS,
    `exec >> ${output} 2>&1`,
    ...variables.map(([name, value]) =>
      value === undefined ? `unset ${name}` : `export ${name}=${quoteWord(value)}`,
    ),
    ...(command.cwd === undefined ? [] : [`cd ${quoteWord(command.cwd)} || exit 126`]),
    `exec ${command.argv.map(quoteWord).join(' ')}`,
    '',
  ].join('\n');
}
