import type { ConfigTree } from '../../config/config.js';
import { type ConfigClaim, type ConfigLayer, claims, mergeLayers, NO_SOURCE } from '../../config/layers.js';
import { readOption } from '../../config/read-option.js';
import { type ConfigSource, describeSource } from '../../config/source.js';
import { joinKey, splitKey, valueAt } from '../../config/tree.js';
import { AgentError } from '../../errors.js';
import { findServerKey, type ServerKeyName, type ServerValue } from './key-table.js';

/** The merged configuration of the server; its keys are the rows of `key-table.ts`. */
export class ServerConfig {
  readonly #layers: readonly ConfigLayer[];
  /** Everything that files, variables and flags say. */
  readonly all: ConfigTree;
  /** What the user should know at the start, in whole sentences. */
  readonly notices: readonly string[];

  /** @param layers lowest first, without the defaults of the table */
  constructor(layers: readonly ConfigLayer[] = [], notices: readonly string[] = []) {
    this.#layers = layers;
    this.all = mergeLayers(layers);
    this.notices = notices;
  }

  /** @throws AgentError CONFIG_VALUE */
  get<K extends ServerKeyName>(key: K): ServerValue<K> {
    const row = findServerKey(key);
    if (row === undefined) throw new Error(`no row for ${key}`);
    const found = { value: valueAt(this.all, splitKey(key)), written: this.claims(key)[0]?.written };
    const refusal = (expected: string) => this.problem(key, `expected ${expected}`);
    return readOption(row, found, refusal) as ServerValue<K>;
  }

  /** What the layers say about a key, the one in force first; a dotted key, or what is below one of the table. */
  claims(key: string): ConfigClaim[] {
    return claims(this.#layers, splitKey(key));
  }

  /** Where the value of a key, or of a member of a list in it, comes from: `/opt/clearml/config/apiserver.conf:12`. */
  placeOf(key: string): string {
    const path = splitKey(key);
    for (let length = path.length; length > 0; length -= 1) {
      const [claim] = this.claims(joinKey(path.slice(0, length)));
      if (claim !== undefined) return describeSource(this.#preciseSource(claim.source, key));
    }
    return describeSource(NO_SOURCE);
  }

  /** The line of a member of a list, if the file of the list says it. */
  #preciseSource(source: ConfigSource, key: string): ConfigSource {
    const position = this.#layers
      .filter((layer) => layer.source.kind === source.kind)
      .map((layer) => layer.positions?.get(key))
      .findLast((found) => found !== undefined && found.file === source.name);
    return position === undefined ? source : { ...source, line: position.line };
  }

  isSet(key: ServerKeyName): boolean {
    return this.claims(key).length > 0;
  }

  /** The error for a value that the table cannot check. */
  problem(key: string, what: string): AgentError {
    return new AgentError('CONFIG_VALUE', `${this.placeOf(key)}: ${key}: ${what}`);
  }
}
