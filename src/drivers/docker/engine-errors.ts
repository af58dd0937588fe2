import { readFileSync, statSync } from 'node:fs';
import { AgentError, type AgentErrorOptions, causeLine, type ErrorCode, systemCode } from '../../errors.js';

/** One way in which an engine refuses something, recognised by its words. */
export interface Refusal {
  pattern: RegExp;
  code: ErrorCode;
  /** Instead of the engine's words; `$1` and so on are groups of the pattern. */
  message?: string;
  hint?: string;
  /** As in `AgentErrorOptions`. */
  infrastructure?: boolean;
}

export const NO_SPACE: Refusal = {
  pattern: /no space left on device/i,
  code: 'DISK_FULL',
  message: 'no space left on the disk of the container engine',
  hint: 'Remove images and containers that are not needed: docker system prune.',
};

/**
 * What Docker 20.10 to 29 and Podman 4.3 to 5.8 say, with what to do about it. The first row that fits counts; words
 * that no row knows are shown as they are.
 */
const REFUSALS: readonly Refusal[] = [
  NO_SPACE,
  {
    pattern: /exec format error/i,
    code: 'DOCKER_IMAGE',
    message: "the image's programs are not for this machine's processor (exec format error)",
    hint: 'Use an image of this architecture, or install emulation (qemu-user-static).',
  },
  {
    pattern: /exec: "\/bin\/sh": .*(?:no such file|not found)|executable file [`"']\/bin\/sh[`"'] not found/i,
    code: 'DOCKER_IMAGE',
    message: 'the image has no /bin/sh',
    hint: 'Set-up steps need a shell; use an image with one.',
  },
  {
    pattern: /container name "?\/?([\w.-]+)"? is already in use(?: by (?:container )?"?([0-9a-f]{12})?)?/i,
    code: 'DOCKER_CONTAINER',
    message: 'a container with the name $1 exists already ($2)',
    hint: 'Remove it (docker rm), or let names differ: agent.docker_container_name_format with {rand_string}.',
  },
  {
    pattern: /Bind for (\S+) failed: port is already allocated/i,
    code: 'DOCKER_CONTAINER',
    message: 'the published port $1 is in use by another container',
    hint: 'Publish another port, or leave the choice to the agent with a port range.',
  },
  {
    pattern: /failed to bind host port(?: for)? (\S*:\d+)\S*: (?:\S+ )*address already in use/i,
    code: 'DOCKER_CONTAINER',
    message: 'the published port $1 is in use by a program of this machine',
    hint: 'Publish another port, or leave the choice to the agent with a port range.',
  },
  {
    pattern: /listen (?:tcp|udp)\d? (\S*:\d+): bind: address already in use/i,
    code: 'DOCKER_CONTAINER',
    message: 'the published port $1 is in use by a program of this machine',
    hint: 'Publish another port, or leave the choice to the agent with a port range.',
  },
  {
    pattern: /bind source path does not exist: (.*)$/,
    code: 'DOCKER_CONTAINER',
    message: 'the mount source $1 does not exist',
    hint: 'Mounts are folders of the machine that the engine runs on.',
  },
  {
    pattern: /statfs ([^:]+): no such file or directory/,
    code: 'DOCKER_CONTAINER',
    message: 'the mount source $1 does not exist',
    hint: 'Mounts are folders of the machine that the engine runs on.',
  },
  {
    pattern: /Duplicate mount point: (\S+)|(\S+): duplicate mount destination/i,
    code: 'DOCKER_ARGUMENT',
    message: 'two mounts have the same target $1$2',
  },
  {
    pattern: /unable to set memory limit to (\d+) \(current usage: (\d+)/i,
    code: 'DOCKER_ARGUMENT',
    message: 'the memory limit of $1 bytes is too low: starting the container alone takes $2',
  },
  {
    pattern:
      /gathering device information.*"(\S+)": (?:no such file or directory|not a device node)|\bstat (\/dev\/\S+): no such file/i,
    code: 'DOCKER_CONTAINER',
    message: 'the device $1$2 does not exist on the machine of the engine',
  },
  {
    pattern:
      /(?:unresolvable CDI devices?|unknown CDI devices?|could not find CDI devices?):? ?(\S*gpu=\S+)/i,
    code: 'GPU_DEVICE',
    message: 'the engine knows no device $1',
    hint: 'List the devices with "nvidia-ctk cdi list"; "nvidia-ctk cdi generate" writes the files that name them.',
  },
  {
    pattern: /(?:unresolvable CDI devices?|unknown CDI devices?|could not find CDI devices?):? ?(\S+)/i,
    code: 'DOCKER_CONTAINER',
    message: 'the engine knows no device $1',
    hint: 'List the devices with "nvidia-ctk cdi list"; "nvidia-ctk cdi generate" writes the files that name them.',
  },
  {
    pattern:
      /could not select device driver.*gpu|nvidia-container-cli|nvidia\.com\/gpu|GPU vendor|CDI spec not found/i,
    code: 'GPU_DEVICE',
    hint: "The container engine gives no access to GPUs: install NVIDIA's container toolkit, or run with --cpu-only.",
  },
  {
    pattern: /unknown (?:or invalid runtime name:|runtime specified) (\S+)/i,
    code: 'DOCKER_ARGUMENT',
    message: 'the engine has no runtime named $1',
  },
  {
    pattern: /network (\S+) not found|unable to find network with name or ID (\S+):/i,
    code: 'DOCKER_CONTAINER',
    message: 'the engine has no network named $1$2',
    hint: 'Make it with "docker network create", or use another one.',
  },
  {
    pattern: /unable to find (user|group) (\S+): /i,
    code: 'DOCKER_CONTAINER',
    message: 'the image has no $1 named $2',
    hint: 'Give the number instead of the name.',
  },
  {
    pattern:
      /client version (\S+) is too (?:old|new)\. (Minimum|Maximum) supported API version is (\d+\.\d+)/i,
    code: 'DOCKER_ENGINE',
    message: 'the engine does not speak API version $1 ($2 $3)',
    hint: 'Unset DOCKER_API_VERSION, or set it to a version that the engine speaks.',
  },
  {
    pattern: /HTTP request to an HTTPS server/i,
    code: 'DOCKER_ENGINE',
    message: 'the engine wants TLS',
    hint: 'Set DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH.',
  },
  {
    pattern: /invalid reference format|repository name must be lowercase/i,
    code: 'DOCKER_IMAGE',
    message: 'the name of the image makes no sense (invalid reference format)',
  },
  { pattern: /no such image:? ?(\S*)/i, code: 'DOCKER_IMAGE', message: 'the engine has no image $1' },
];

/**
 * What a failed call to the engine means, in one line.
 *
 * @param doing what was tried: "creating the container"
 * @param address of the engine, as the user knows it
 */
export function engineError(doing: string, error: unknown, address: string): AgentError {
  if (error instanceof AgentError) return fromConnection(error, address);
  const status = statusCode(error);
  const code = systemCode(error);
  if (status === undefined && code !== undefined && !NEVER_SENT.test(code))
    return unreachable(address, code, error);
  const text = engineText(error);
  const line = firstLine(text);
  if (status !== undefined && status >= 300 && status < 400 && status !== 304) {
    return new AgentError(
      'DOCKER_ENGINE',
      `${doing}: ${address} redirects the call (status ${status}), as no engine does`,
      { hint: 'Check DOCKER_HOST; a proxy or another program may listen there.', cause: error },
    );
  }
  const known = refusal(text);
  const options = {
    cause: error,
    ...(known?.hint === undefined ? {} : { hint: known.hint }),
    ...(text === line ? {} : { detail: text }),
  };
  if (known !== undefined) return new AgentError(known.code, `${doing}: ${known.message}`, options);
  // 400: the request itself makes no sense to the engine, which is what arguments can bring about.
  if (status === 400)
    return new AgentError('DOCKER_ARGUMENT', `${doing}: the engine refuses it: ${line}`, options);
  return new AgentError('DOCKER_CONTAINER', `${doing}: ${line}`, options);
}

/** Node refuses to send a request like this; nothing is known about the engine. */
const NEVER_SENT = /^ERR_(?:UNESCAPED_CHARACTERS|INVALID_(?:CHAR|URL|ARG_\w+|HTTP_TOKEN|PROTOCOL))$/;

/** What a container's last words or the engine's say about why it cannot run; `undefined` for other words. */
export function refusal(
  text: string,
  rows: readonly Refusal[] = REFUSALS,
): (AgentErrorOptions & { code: ErrorCode; message: string }) | undefined {
  const words = text.replace(/\s+/g, ' ').trim();
  for (const { pattern, code, message, hint, infrastructure = false } of rows) {
    const match = pattern.exec(words);
    if (match === null) continue;
    const filled = message?.replace(/\$(\d)/g, (_, group) => match[Number(group)] ?? '').replace(' ()', '');
    const options = { infrastructure, ...(hint === undefined ? {} : { hint }) };
    return { code, message: filled ?? firstLine(text), ...options };
  }
  return undefined;
}

/** HTTP status of the engine's answer; `undefined` when there was none. */
export function statusCode(error: unknown): number | undefined {
  const code = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;
  return typeof code === 'number' ? code : undefined;
}

/** The engine's own words, without the client library's frame around them. */
export function engineText(error: unknown): string {
  const json = error instanceof Error && 'json' in error ? error.json : undefined;
  if (typeof json === 'object' && json !== null && 'message' in json) return String(json.message).trim();
  return firstLine(error instanceof Error ? error.message : String(error)).replace(
    /^\(HTTP code \d+\) [^-]*- /,
    '',
  );
}

function firstLine(text: string): string {
  return text.trim().split('\n', 1)[0]?.trim() ?? '';
}

/** Causes of a broken connection, in words. */
const CONNECTION_CAUSES: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such socket (ENOENT)',
  ECONNREFUSED: 'no program listens there (ECONNREFUSED)',
  ECONNRESET: 'the connection broke (ECONNRESET)',
  ENOTFOUND: 'the host name is unknown (ENOTFOUND)',
  ETIMEDOUT: 'there is no answer (ETIMEDOUT)',
};

function unreachable(address: string, code: string, cause: unknown): AgentError {
  if (code === 'EACCES' || code === 'EPERM') return noPermission(address, cause);
  const reason = CONNECTION_CAUSES[code] ?? (/^E[A-Z]+$/.test(code) ? code : `${causeLine(cause)} (${code})`);
  const secure = /CERT|TLS|SSL|EPROTO|HPE_|^UNABLE_TO/.test(code);
  return new AgentError('DOCKER_ENGINE', `no container engine answers at ${address}: ${reason}`, {
    hint: secure
      ? 'Check DOCKER_TLS_VERIFY and the certificates in DOCKER_CERT_PATH.'
      : 'Start Docker, set DOCKER_HOST, or use Podman with --podman.',
    cause,
  });
}

function noPermission(address: string, cause: unknown): AgentError {
  const socket = address.replace(/^unix:\/\//, '');
  const group = groupOf(socket) ?? 'docker';
  return new AgentError('DOCKER_ENGINE', `no permission on the container engine's socket ${socket}`, {
    hint: `Add this user to the group "${group}", which may use it (usermod -aG ${group} USER), and log in again.`,
    cause,
  });
}

/** The program that carries the connection failed. */
function fromConnection(error: AgentError, address: string): AgentError {
  if (error.code !== 'COMMAND_FAILED' && error.code !== 'COMMAND_MISSING') return error;
  return new AgentError('DOCKER_ENGINE', `no container engine answers at ${address}: ${error.message}`, {
    hint: 'Check that "ssh HOST docker system dial-stdio" works without a password.',
    ...(error.detail === undefined ? {} : { detail: error.detail }),
    cause: error,
  });
}

/** Name of the group that owns a file, its number where it has no name; `undefined` when it cannot be seen. */
function groupOf(file: string): string | undefined {
  try {
    const { gid } = statSync(file);
    const line = readFileSync('/etc/group', 'utf8')
      .split('\n')
      .find((text) => text.split(':')[2] === String(gid));
    return line?.split(':')[0] ?? String(gid);
  } catch {
    return undefined;
  }
}
