import type { PlaceCommand } from '../driver.js';
import { quoteWord } from './arguments/shell-text.js';
import { CONTROL_INSIDE } from './docker-ref.js';

/**
 * First process of every task container: waits, with nothing but the shell itself, until somebody opens the
 * pipe, then becomes the task's command. A container that the engine restarts goes straight on.
 */
export const WAITING_COMMAND: string[] = [
  '/bin/sh',
  '-c',
  `[ -e ${CONTROL_INSIDE}/start ] || read -r go < ${CONTROL_INSIDE}/go; . ${CONTROL_INSIDE}/start`,
];

/**
 * The script that becomes the command: its folder, its variables over the container's, then the command in
 * place of the shell.
 */
export function startScript(
  command: PlaceCommand,
  environment: Readonly<Record<string, string | undefined>>,
): string {
  const variables = Object.entries({ ...environment, ...command.env }).filter(([name]) =>
    /^[A-Za-z_]\w*$/.test(name),
  );
  return [
    ...variables.map(([name, value]) =>
      value === undefined ? `unset ${name}` : `export ${name}=${quoteWord(value)}`,
    ),
    ...(command.cwd === undefined ? [] : [`cd ${quoteWord(command.cwd)} || exit 126`]),
    `exec ${command.argv.map(quoteWord).join(' ')}`,
    '',
  ].join('\n');
}
