import path from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import { run } from '../../src/os/exec.js';
import { API_VERSION, isOlder, parseVersion, type Version } from '../../src/server/versions.js';
import { pythonOfTool } from './python-tools.js';

const PROGRAM = path.resolve(import.meta.dirname, '../fixtures/server/answer-schemas.py');

interface OfficialSchema {
  definitions?: Record<string, object>;
}

interface AnswerSchema {
  since: Version;
  fits: ValidateFunction;
}

/** By endpoint, newest first: the official schemas of answers, as the ClearML SDK brings them. */
export type AnswerSchemas = ReadonlyMap<string, readonly AnswerSchema[]>;

export async function officialAnswerSchemas(): Promise<AnswerSchemas> {
  const python = await pythonOfTool('clearml');
  const { stdout, stderr, exitCode } = await run([python, PROGRAM], { env: process.env });
  if (exitCode !== 0) throw new Error(stderr);
  const listed = JSON.parse(stdout) as { endpoint: string; version: string; schema: OfficialSchema }[];
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
  // Some schemas name a part by `id`, as an earlier draft does; the validator refuses the word.
  ajv.removeKeyword('id');
  const schemas = new Map<string, AnswerSchema[]>();
  for (const { endpoint, version, schema } of listed) {
    const others = schemas.get(endpoint) ?? [];
    schemas.set(endpoint, [...others, { since: parseVersion(version), fits: compiled(ajv, schema) }]);
  }
  for (const versions of schemas.values()) versions.sort((a, b) => (isOlder(a.since, b.since) ? 1 : -1));
  return schemas;
}

/** Some schemas refer to a definition that they lack; it allows anything. */
function compiled(ajv: Ajv, schema: OfficialSchema): ValidateFunction {
  try {
    return ajv.compile(schema);
  } catch (error) {
    const missing =
      error instanceof Ajv.MissingRefError && /^#\/definitions\/(.+)$/.exec(error.missingRef)?.[1];
    if (!missing) throw error;
    return compiled(ajv, { ...schema, definitions: { ...schema.definitions, [missing]: {} } });
  }
}

/** What an answer has that the schema of its endpoint does not allow; `undefined` for an endpoint without a schema. */
export function misfits(
  schemas: AnswerSchemas,
  endpoint: string,
  data: unknown,
  version: string = API_VERSION,
): string[] | undefined {
  const versions = schemas.get(endpoint);
  const asked = parseVersion(version);
  const schema = versions?.find(({ since }) => !isOlder(asked, since)) ?? versions?.at(-1);
  if (schema === undefined) return undefined;
  schema.fits(data);
  return (schema.fits.errors ?? []).map(({ instancePath, message }) => {
    const where = instancePath.replaceAll(/\/\d+(?=\/|$)/g, '/*');
    return `${endpoint} ${where} ${message}`;
  });
}
