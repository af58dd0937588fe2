import { isDeepStrictEqual } from 'node:util';
import { AgentError } from '../errors.js';
import { configKeys } from './config-keys.js';
import { derivedLayers } from './derived.js';
import { dynamicLayers } from './dynamic-overrides.js';
import { type ConfigClaim, type ConfigLayer, claims, mergeLayers, NO_SOURCE } from './layers.js';
import { readList } from './lists.js';
import { mappedLayers } from './mapped-variables.js';
import { whitelistUnion } from './metering-whitelist.js';
import type { Option } from './options/option.js';
import { findOption } from './options/option-table.js';
import type { ConfigKeys, OptionKey, VariableName } from './options/option-types.js';
import { readOption } from './read-option.js';
import { type ConfigSource, describeSource } from './source.js';
import { splitKey, valueAt } from './tree.js';
import { listKind, readVariable } from './variables.js';
import { booleanWord } from './words.js';

/** A value of the configuration tree. */
export type ConfigValue = string | number | boolean | null | ConfigValue[] | ConfigTree;
export interface ConfigTree {
  [key: string]: ConfigValue;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** What a configuration is made of, lowest first; `env` adds its own layers in between. */
export interface ConfigParts {
  env: Environment;
  /** Shipped defaults, `CLEARML_CONFIG_PATH` files, user files. */
  base: readonly ConfigLayer[];
  /** Above the dynamic variables, below the mapped ones. */
  vaults?: readonly ConfigLayer[];
  /** Above every variable. */
  monitoring?: readonly ConfigLayer[];
  /** Flags and what is found out at run time. */
  top?: readonly ConfigLayer[];
  /** User files that were read, the last one is the strongest. */
  files?: readonly string[];
  /** Warnings of loading, for the user. */
  warnings?: readonly string[];
  /** False: only what the layers say, nothing that follows from it. */
  derive?: boolean;
}

/** The merged configuration; immutable, every change gives a new one. */
export class Config {
  /** The environment it was loaded with. */
  readonly env: Environment;
  /** User files that were read, the last one is the strongest. */
  readonly files: readonly string[];
  /** Warnings of loading for the user, in whole sentences. */
  readonly warnings: readonly string[];
  readonly #parts: ConfigParts;
  readonly #layers: readonly ConfigLayer[];
  readonly #merged: ConfigTree;
  readonly #keys: ConfigKeys;

  constructor(parts: ConfigParts) {
    const { env, base, vaults = [], monitoring = [], top = [], files = [], warnings = [] } = parts;
    this.env = env;
    this.files = files;
    this.warnings = warnings;
    this.#parts = parts;
    const lower = [...base, ...dynamicLayers(env)];
    const mapped = mappedLayers(env);
    const whitelist = whitelistUnion([[...lower, ...mapped], vaults, monitoring]);
    const layers = [...lower, ...vaults, ...mapped, ...monitoring, ...whitelist, ...top];
    const merged = mergeLayers(layers);
    const derived = parts.derive === false ? [] : derivedLayers(layers, merged, env);
    this.#layers = [...layers, ...derived];
    this.#merged =
      derived.length === 0 ? merged : mergeLayers([{ tree: merged, source: NO_SOURCE }, ...derived]);
    this.#keys = configKeys((option) => this.#read(option));
  }

  /** The keys of the section `agent`: `agent.kill_grace_sec` is `agent.killGraceSec`. Reading one may throw. */
  get agent(): ConfigKeys['agent'] {
    return this.#keys.agent;
  }

  /** The keys of the section `api`. */
  get api(): ConfigKeys['api'] {
    return this.#keys.api;
  }

  /** The keys of the section `sdk` that the agent itself reads. */
  get sdk(): ConfigKeys['sdk'] {
    return this.#keys.sdk;
  }

  /** Every file that a value comes from, those of `CLEARML_CONFIG_PATH` too. */
  get filesRead(): string[] {
    const files = this.#layers.flatMap(({ source }) => (source.kind === 'file' ? [source.name] : []));
    return [...new Set(files)];
  }

  /** The whole tree, shipped defaults included. */
  get all(): ConfigTree {
    return this.#merged;
  }

  /**
   * The value at any dotted key as it was written, shipped defaults included; `null` is a value. For what the option
   * table cannot type: keys that a user names, sections whose members have names of the user's (`environment`,
   * `files`), and keys that are compared or passed on without being understood. Everything else is read as
   * `config.agent.…`.
   */
  raw(key: string): ConfigValue | undefined {
    return valueAt(this.#merged, splitKey(key));
  }

  /** Whether something other than a default sets the key; null and empty text do not. */
  isSet(key: OptionKey): boolean {
    const value = this.raw(key);
    return value !== undefined && value !== null && value !== '' && this.source(key).kind !== 'default';
  }

  /** An environment variable by its `CLEARML_` name, else by the `TRAINS_` alias it has; empty is not set. */
  variable(name: VariableName): string | undefined {
    return readVariable(this.env, name)?.value;
  }

  /** A variable that says yes or no. */
  flag(name: VariableName): boolean | undefined {
    const found = readVariable(this.env, name);
    if (found === undefined) return undefined;
    const read = booleanWord(found.value);
    if (read !== undefined) return read;
    throw new AgentError('CONFIG_VALUE', `${found.name}: expected yes or no, found "${found.value}"`);
  }

  /** A variable that holds a list. */
  words(name: VariableName): string[] | undefined {
    const value = this.variable(name);
    return value === undefined ? undefined : readList(value, listKind(name));
  }

  /** Where the value in force comes from. */
  source(key: string): ConfigSource {
    return this.claims(key)[0]?.source ?? NO_SOURCE;
  }

  /** What every layer says about a key, the one in force first. */
  claims(key: string): ConfigClaim[] {
    const all = claims(this.#layers, splitKey(key));
    return all.filter((claim, i) => i === 0 || !isDeepStrictEqual(claim.source, all[i - 1]?.source));
  }

  /** The highest layer: what was found out at run time. */
  withTree(tree: ConfigTree, source: string): Config {
    const layer: ConfigLayer = { tree, source: { kind: 'runtime', name: source } };
    return new Config({ ...this.#parts, top: [...(this.#parts.top ?? []), layer] });
  }

  /** Texts that the server keeps for the user, in place of those it had before. */
  withVaults(vaults: readonly ConfigLayer[], monitoring: readonly ConfigLayer[]): Config {
    return new Config({ ...this.#parts, vaults, monitoring });
  }

  /**
   * Texts that the server keeps for the owner of a task, over those of the agent, of which only the agent's own
   * section stays.
   */
  withOwnerVaults(layers: readonly ConfigLayer[]): Config {
    const { vaults = [] } = this.#parts;
    const kept = vaults.map((layer) => ({ ...layer, tree: { agent: layer.tree.agent ?? {} } }));
    return new Config({ ...this.#parts, vaults: [...kept, ...layers] });
  }

  /** The variables of a task's container laid over the agent's own; `undefined` removes one. */
  withEnvironment(env: Environment): Config {
    return new Config({ ...this.#parts, env: { ...this.env, ...env } });
  }

  /** @throws AgentError CONFIG_VALUE */
  #read(option: Option): unknown {
    const value = this.raw(option.key);
    const written = typeof value === 'number' ? this.claims(option.key)[0]?.written : undefined;
    return readOption(option, { value, written }, (expected) =>
      this.#wrongType(option.key, expected, value ?? null),
    );
  }

  #wrongType(key: string, expected: string, value: ConfigValue): AgentError {
    const found = findOption(key)?.secret === true ? 'something else' : JSON.stringify(value);
    const place = describeSource(this.source(key));
    return new AgentError('CONFIG_VALUE', `${key}: expected ${expected}, found ${found} (${place})`);
  }
}
