import { CONTROL_INSIDE } from '../../container/layout.js';
import type { PlannedContainer } from '../../container/plan/plan-container.js';
import { quoteWord } from '../../os/shell-words.js';
import type { PlaceCommand } from '../driver.js';
import type { RunInPod } from './pod-exec.js';

/** File that takes the command's output, on a volume of the pod. */
export const OUTPUT_INSIDE = `${CONTROL_INSIDE}/output`;

/** Seconds for the agent to read what a command wrote that ended together with its pod. */
const READ_S = 5;
const MESSAGE_FILE = '/dev/termination-log';

/**
 * First process of the task's container: waits at a pipe until the agent releases it, then becomes the command.
 * The script is looked for again and again, because the end of an orphan interrupts some shells at the pipe.
 */
export const WAITING: string[] = [
  '/bin/sh',
  '-c',
  `trap 'exit 143' TERM; cd ${CONTROL_INSIDE} && : > output && { [ -p go ] || mkfifo -m 666 go; } || exit 125
until [ -e start ]; do [ -p go ] || exit 125; read -r go < go; done 2>/dev/null
trap - TERM; . ${CONTROL_INSIDE}/start`,
];

/**
 * The second container: keeps the pod after the end of the command, so that its output can be read, and ends once the agent
 * has read all. TERM comes to both containers where the cluster ends the pod: the command has the pod's grace, and the agent
 * a few seconds to read what it wrote last, since the API shows the command's end only with this container's. The
 * size of the output is left as the message of the container.
 */
export const KEEPER: string[] = [
  '/bin/sh',
  '-c',
  `asked=; trap 'asked=1' TERM; cd ${CONTROL_INSIDE} && { [ -p done ] || mkfifo -m 666 done; } || exit 125
{ read -r word < done; } & reader=$!
wait "$reader"
if [ -n "$asked" ] && [ -e pid ]; then
  while [ -d "/proc/$(cat pid)" ]; do sleep 1; done
  left=${READ_S}
  while [ "$left" -gt 0 ] && kill -0 "$reader"; do sleep 1; left=$((left - 1)); done 2>/dev/null
fi
wc -c < output > ${MESSAGE_FILE}`,
];

/** What the command is started by, before it is released. */
export const START_INSIDE = `${CONTROL_INSIDE}/start.new`;

/** Opened for both, so that no reader is needed. */
const RELEASE_TASK = `[ ! -e ${START_INSIDE} ] || mv -f ${START_INSIDE} ${CONTROL_INSIDE}/start; echo go 1<> ${CONTROL_INSIDE}/go`;
export const RELEASE_KEEPER = `echo done 1<> ${CONTROL_INSIDE}/done`;

/** Lets the command begin. */
export async function releaseTask(sessions: { exec: RunInPod }): Promise<void> {
  await sessions.exec({ argv: ['/bin/sh', '-c', RELEASE_TASK], onOutput: () => undefined });
}

/** Sends a signal to the command; nothing happens where it has ended. */
export const SIGNAL_TASK = `kill -"$1" "$(cat ${CONTROL_INSIDE}/pid)"`;

/** The size of the output file in a line, then its content after a number of bytes. */
export const REST = 'if [ -e "$2" ]; then wc -c < "$2"; tail -c "+$1" "$2"; else echo 0; fi';

/**
 * What `REST` prints, without its first line.
 *
 * @throws Error where the end is missing: on a busy machine the connection of a command that has ended may be closed before
 * all of its output has passed, and the command counts as ended well
 */
export async function* wholeRest(
  printed: AsyncIterable<Uint8Array>,
  position: number,
): AsyncGenerator<Uint8Array> {
  let head: Buffer | undefined = Buffer.alloc(0);
  let missing = Number.POSITIVE_INFINITY;
  for await (const piece of printed) {
    let data = piece;
    if (head !== undefined) {
      head = Buffer.concat([head, piece]);
      const end = head.indexOf('\n');
      if (end === -1) continue;
      missing = Number(head.toString('latin1', 0, end)) - position;
      data = head.subarray(end + 1);
      head = undefined;
    }
    missing -= data.length;
    if (data.length > 0) yield data;
  }
  if (missing > 0) throw new Error(`${missing} bytes of the output are missing`);
}

/** `--restart on-failure:3`; the kubelet restarts whole containers, which lose what set-up steps have installed. */
export interface Restart {
  /** 0: no limit. */
  most: number;
}

export function restartOf({ request }: Pick<PlannedContainer, 'request'>): Restart | undefined {
  const { Name, MaximumRetryCount = 0 } = request.HostConfig.RestartPolicy ?? {};
  return Name === 'on-failure' ? { most: MaximumRetryCount } : undefined;
}

/**
 * The script that becomes the command: its folder, its variables over the container's, then the command in place of the
 * shell, with its output in a file.
 */
export function startScript(
  { argv, cwd, env }: PlaceCommand,
  environment: Readonly<Record<string, string | undefined>>,
  restart?: Restart,
): string {
  const variables = Object.entries({ ...environment, ...env }).filter(([name]) =>
    /^[A-Za-z_]\w*$/.test(name),
  );
  return [
    `exec < /dev/null >> ${OUTPUT_INSIDE} 2>&1`,
    `echo "$$" > ${CONTROL_INSIDE}/pid`,
    ...variables.map(([name, value]) =>
      value === undefined ? `unset ${name}` : `export ${name}=${quoteWord(value)}`,
    ),
    ...(cwd === undefined ? [] : [`cd ${quoteWord(cwd)} || exit 126`]),
    ...commandLines(argv.map(quoteWord).join(' '), restart),
    '',
  ].join('\n');
}

/** The pauses between restarts are those of Docker: twice as long each time, up to a minute. */
function commandLines(command: string, restart: Restart | undefined): string[] {
  if (restart === undefined) return [`exec ${command}`];
  return [
    `stopped=; trap 'stopped=1; kill -TERM "$child" 2> /dev/null' TERM`,
    'count=0; pause=1',
    'while :; do',
    `  ${command} & child=$!`,
    '  wait "$child"; code=$?',
    // A signal ends the wait before the command.
    '  while kill -0 "$child" 2> /dev/null; do wait "$child"; code=$?; done',
    `  [ "$code" -ne 0 ] && [ -z "$stopped" ] && [ "$count" -ne ${restart.most || -1} ] || exit "$code"`,
    '  count=$((count + 1))',
    '  echo "restart $count after exit code $code"',
    '  sleep "$pause"; [ -z "$stopped" ] || exit "$code"',
    '  pause=$((pause < 30 ? pause * 2 : 60))',
    'done',
  ];
}
