import fs from 'node:fs';
import { AgentError, systemCode } from '../errors.js';
import { decodeText } from '../os/decode-text.js';
import type { Environment } from './config.js';
import { parseHocon } from './hocon/parse-hocon.js';
import type { ConfigLayer } from './layers.js';
import { isTree } from './tree.js';

export interface FileContext {
  env: Environment;
  /** Told what the user should know about a file that is read all the same. */
  warn: (message: string) => void;
}

/** Bits of a file mode that let others than the owner read. */
const READABLE_BY_OTHERS = 0o044;

/** Keys whose values other users must not read. */
const SECRET_LINE = /secret_key|git_pass|account_key|password|"?secret"?\s*[:=]/;

/**
 * One configuration file as a layer; `undefined` when it does not exist.
 *
 * @throws AgentError CONFIG_FILE when it cannot be read, CONFIG_SYNTAX when it does not parse
 */
export function readConfigFile(file: string, context: FileContext): ConfigLayer | undefined {
  const text = readText(file, context);
  return text === undefined ? undefined : textLayer(text, file, context);
}

/** The layer of a text that is, or names, a file. */
export function textLayer(text: string, file: string, { env, warn }: FileContext): ConfigLayer {
  const { root, positions } = parseHocon(text, { file, env, warn });
  if (!isTree(root)) {
    throw new AgentError(
      'CONFIG_SYNTAX',
      `${file}:1:1: expected sections such as "agent { … }", found a list`,
    );
  }
  return { tree: root, source: { kind: 'file', name: file }, positions };
}

function readText(file: string, { warn }: FileContext): string | undefined {
  let text: string;
  try {
    const decoded = decodeText(fs.readFileSync(file));
    text = decoded.text;
    if (decoded.guessed !== undefined)
      warn(
        `${file} is not UTF-8 and is read as ${decoded.guessed}; save it as UTF-8 to be sure of its letters`,
      );
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw unreadable(file, code, error);
  }
  const { mode } = fs.statSync(file);
  if (process.platform !== 'win32' && (mode & READABLE_BY_OTHERS) !== 0 && SECRET_LINE.test(text)) {
    warn(`${file} holds credentials and other users of this machine can read it; run: chmod 600 ${file}`);
  }
  return text;
}

function unreadable(file: string, code: string | undefined, cause: unknown): AgentError {
  if (code === 'EISDIR') {
    return new AgentError('CONFIG_FILE', `${file}: expected a configuration file, found a folder`, {
      hint: 'A container engine makes a folder when it mounts a file that does not exist on the host.',
      cause,
    });
  }
  const what = code === 'EACCES' ? 'this user may not read it' : (code ?? 'unknown error');
  return new AgentError('CONFIG_FILE', `${file}: expected a readable configuration file, found: ${what}`, {
    cause,
  });
}
