import type { OptionValue } from '../../config/options/option-types.js';
import { LISTENING_KEYS } from './keys/listening.js';
import { OPERATION_KEYS } from './keys/operation.js';
import { USER_KEYS } from './keys/users.js';
import type { ServerKey } from './server-key.js';

/** A chapter of the page on the server's configuration. */
export interface ServerKeySection {
  title: string;
  keys: readonly ServerKey[];
}

const SECTIONS = [
  { title: 'Addresses', keys: LISTENING_KEYS },
  { title: 'Users and sessions', keys: USER_KEYS },
  { title: 'Watchdog, retention, log', keys: OPERATION_KEYS },
] as const satisfies readonly ServerKeySection[];

type Row = (typeof SECTIONS)[number]['keys'][number];

export type ServerKeyName = Row['key'];

/** What a reader gets for a key. */
export type ServerValue<K extends ServerKeyName> = OptionValue<Extract<Row, { key: K }>>;

export const SERVER_KEY_SECTIONS: readonly ServerKeySection[] = SECTIONS;

/** Every key of the server's configuration. */
export const SERVER_KEYS: readonly ServerKey[] = SERVER_KEY_SECTIONS.flatMap(({ keys }) => keys);

const BY_KEY: ReadonlyMap<string, ServerKey> = new Map(SERVER_KEYS.map((row) => [row.key, row]));

export function findServerKey(key: string): ServerKey | undefined {
  return BY_KEY.get(key);
}
