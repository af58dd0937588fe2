import { parse } from 'smol-toml';
import type { Place } from '../../drivers/driver.js';

/** Names of indexes that a file of poetry has logins for, in lower case. */
export interface PoetryLogins {
  file: string;
  names: ReadonlySet<string>;
}

/** The logins by name in the settings of poetry on this machine; those in a keyring are not seen. */
export async function poetryLogins(
  place: Pick<Place, 'read'>,
  env: Readonly<Record<string, string | undefined>>,
): Promise<PoetryLogins[]> {
  const found: PoetryLogins[] = [];
  for (const folder of folders(env))
    for (const file of ['auth.toml', 'config.toml'].map((name) => `${folder}/${name}`)) {
      const names = namesIn(await place.read(file).catch(() => undefined));
      if (names.size > 0) found.push({ file, names });
    }
  return found;
}

/** `user_config_dir` of platformdirs on Linux and macOS. */
function folders(env: Readonly<Record<string, string | undefined>>): string[] {
  if (env.POETRY_CONFIG_DIR) return [env.POETRY_CONFIG_DIR];
  const home = env.HOME ?? '/root';
  return [
    `${env.XDG_CONFIG_HOME || `${home}/.config`}/pypoetry`,
    `${home}/Library/Application Support/pypoetry`,
  ];
}

/** Dots in a name that is not quoted make tables in tables. */
function namesIn(text: string | undefined): ReadonlySet<string> {
  try {
    const { 'http-basic': logins } = parse(text ?? '');
    return new Set(
      isTable(logins) ? Object.entries(logins).flatMap(([key, value]) => named(key, value)) : [],
    );
  } catch {
    return new Set();
  }
}

function named(key: string, value: unknown): string[] {
  if (!isTable(value)) return [];
  const inner = Object.entries(value).filter(([, one]) => isTable(one));
  return [key.toLowerCase(), ...inner.flatMap(([next, one]) => named(`${key}.${next}`, one))];
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
