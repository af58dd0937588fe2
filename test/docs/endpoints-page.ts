import { API_ERRORS } from '../../src/server/api-error.js';
import type { Endpoint, EndpointTable } from '../../src/server/endpoint.js';
import type { SchemaText } from '../../src/server/schema.js';

/** The text of docs/server-endpoints.md. */
export function endpointsPage(endpoints: EndpointTable): string {
  const names = Object.keys(endpoints).sort();
  const services = [...new Set(names.map(serviceOf))];
  const sections = services.map((service) =>
    section(
      service,
      names.filter((name) => serviceOf(name) === service),
      endpoints,
    ),
  );
  return `# Endpoints of the embedded server

The server checks each request by the schema of its endpoint. **Bold** fields are required. \`null\` is the same as a missing
field. A number may be a text, a flag 0 or 1, and a list of texts one text. The server ignores fields that are not listed. It
refuses a request that does not fit with 400/12 and the name of the field, if the table does not give another code.
${services.map((service) => `[\`${service}\`](#${service})`).join(' · ')}

${sections.join('\n\n')}
`;
}

function serviceOf(name: string): string {
  return name.split('.', 1)[0] ?? '';
}

function section(service: string, names: readonly string[], endpoints: EndpointTable): string {
  const rows = names.flatMap((name) => rowsOf(name, endpoints[name]));
  return [`## ${service}`, ['| action | fields | |', '| --- | --- | --- |', ...rows].join('\n')].join('\n\n');
}

const ACCESS = {
  open: 'no login',
  optional: 'login optional',
  user: '',
  admin: 'administrators',
  reserved: 'accounts with the role `system` or `root`',
};

function rowsOf(name: string, endpoint: Endpoint | undefined, before?: string): string[] {
  if (endpoint === undefined) return [];
  const { body, access = 'user', since, earlier } = endpoint;
  const notes = [
    ACCESS[access],
    body.type === 'array' ? 'one object a line' : '',
    since === undefined ? '' : `since ${since.join('.')}`,
    before === undefined ? '' : `before ${before}`,
  ].filter((note) => note !== '');
  const action = name.slice(serviceOf(name).length + 1);
  const row = `| \`${action}\` | ${fieldsOf(body.items ?? body).join('<br>')} | ${notes.join(', ')} |`;
  return [row, ...rowsOf(name, earlier, since?.join('.'))];
}

function fieldsOf({ properties = {}, required = [], missingAs = {} }: SchemaText): string[] {
  return Object.entries(properties).map(([name, schema]) => {
    const shown = required.includes(name) ? `**\`${name}\`**` : `\`${name}\``;
    const fallback = schema.default === undefined ? '' : `, default ${JSON.stringify(schema.default)}`;
    return `${shown} ${kindOf(schema)}${fallback}${refusal({ refusedAs: missingAs[name] ?? schema.refusedAs })}`;
  });
}

function refusal({ refusedAs }: Pick<SchemaText, 'refusedAs'>): string {
  return refusedAs === undefined ? '' : ` (${API_ERRORS[refusedAs].slice(0, 2).join('/')})`;
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'text',
  boolean: 'flag',
  integer: 'whole number',
  number: 'number',
  object: 'object',
  array: 'list',
};

function kindOf(schema: SchemaText): string {
  const { type, enum: words, items, properties, minimum, maximum } = schema;
  if (words !== undefined) return words.map((word) => `\`${word}\``).join(' \\| ');
  if (items?.properties !== undefined) return `list of {${fieldsOf(items).join(', ')}}`;
  if (properties !== undefined) return `{${fieldsOf(schema).join(', ')}}`;
  if (items?.type !== undefined) return `list (${kindOf(items)})`;
  const kind = [type ?? 'anything'].flat().map((each) => KINDS[each] ?? each);
  const range = [
    minimum === undefined ? '' : `from ${minimum}`,
    maximum === undefined ? '' : `to ${maximum}`,
  ];
  return [kind.join(' or '), ...range].filter((part) => part !== '').join(' ');
}
