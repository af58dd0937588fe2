import type { ConfigTree, ConfigValue } from '../config.js';
import type { VariableRow } from '../variables/variable-table.js';
import type { OptionFacts, OptionType } from './option.js';
import type { OptionRow } from './option-table.js';

/** Every key of the option table, as it is written in a configuration. */
export type OptionKey = OptionRow['key'];

/** Every variable that the tables name, by any of its spellings. */
export type VariableName =
  | VariableRow['name']
  | Extract<VariableRow, { aliases: readonly string[] }>['aliases'][number]
  | Extract<OptionRow, { variables: readonly string[] }>['variables'][number];

/**
 * The keys of the option table as nested objects with names in camel case: `agent.kill_grace_sec` is
 * `agent.killGraceSec`. A key is `undefined` only where its row has no default.
 */
export type ConfigKeys = Nested<{ [Row in OptionRow as Row['key']]: OptionValue<Row> }>;

/** What each type is to a reader. */
interface Values extends Record<OptionType, unknown> {
  text: string;
  line: string;
  address: string;
  path: string;
  boolean: boolean;
  integer: number;
  number: number;
  texts: string[];
  words: string[];
  names: string[];
  list: string[];
  section: ConfigTree;
  any: ConfigValue;
}

/** What a reader gets for the key of a row. */
export type OptionValue<Row extends OptionFacts> = Value<Row> | Nothing<Row>;

type Value<Row extends OptionFacts> = Row extends { choices: readonly (infer Choice)[] }
  ? Row extends { type: 'names' }
    ? Choice[]
    : Choice
  : Row extends { items: 'any' }
    ? ConfigValue[]
    : Values[Row['type']];

/** What the row gives instead of a value. */
type Nothing<Row> =
  | (Default<Row> extends '' | null | undefined ? undefined : never)
  | (Row extends { nullable: true } ? null : never);

type Default<Row> = Row extends { fallback: infer Constant }
  ? Constant
  : Row extends { shipped: infer Constant }
    ? Constant
    : undefined;

type Nested<Flat> = {
  readonly [Name in Head<keyof Flat & string> as CamelCase<Name>]: Name extends keyof Flat
    ? Flat[Name]
    : Nested<{ [Key in keyof Flat as Tail<Key, Name>]: Flat[Key] }>;
};

type Head<Key extends string> = Key extends `${infer Name}.${string}` ? Name : Key;
type Tail<Key, Name extends string> = Key extends `${Name}.${infer Rest}` ? Rest : never;
type CamelCase<Name> = Name extends `${infer First}_${infer Rest}`
  ? `${First}${Capitalize<CamelCase<Rest>>}`
  : Name & string;
