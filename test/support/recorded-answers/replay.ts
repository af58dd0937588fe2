import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EmbeddedServer } from '../../../src/server/server.js';
import { differences } from './compare.js';
import { at, type Fields, isFields, withValueAt } from './paths.js';
import type { Scenario, Step } from './scenario.js';
import { asText, filledIn, type Variables } from './variables.js';

type Server = Pick<EmbeddedServer, 'url' | 'filesUrl' | 'credentials'>;

interface Answer {
  status: number;
  /** Undefined when the body is not JSON. */
  json: unknown;
}

export interface StepResult {
  index: number;
  step: Step;
  status: number;
  data: unknown;
  /** None: the answer is as recorded. */
  differences: string[];
}

/** Makes the calls of a scenario in order and compares each answer with the recorded one. */
export async function replay(server: Server, scenario: Scenario): Promise<StepResult[]> {
  const variables = await firstVariables(server);
  const results: StepResult[] = [];
  for (const [index, step] of scenario.steps.entries()) {
    if (step.wait !== undefined) await sleep(step.wait);
    const answer = await send(server, step, variables);
    const data = lookedAt(step, answer, variables);
    if (answer.status === step.status) keep(step, data, variables);
    results.push({
      index,
      step,
      status: answer.status,
      data: at(answer.json, 'data'),
      differences: compared(step, answer, data, variables),
    });
  }
  return results;
}

async function firstVariables(server: Server): Promise<Variables> {
  const variables: Variables = { run: `r${Date.now().toString(36)}`, key: server.credentials.accessKey };
  const { json } = await send(server, { call: 'users.get_current_user', status: 200 }, variables);
  const user = at(json, 'data.user');
  return { ...variables, user: at(user, 'id'), username: at(user, 'name'), company: at(user, 'company.id') };
}

function keep(step: Step, data: unknown, variables: Variables): void {
  for (const [name, where] of Object.entries(step.as ?? {})) {
    const value = at(data, where);
    if (value !== undefined && value !== null) variables[name] = value;
  }
}

/** The data of an answer; of a list that is filtered, the entries meant. */
function lookedAt({ target, filter }: Step, { json }: Answer, variables: Variables): unknown {
  const data = target === 'files' ? json : at(json, 'data');
  const list = filter === undefined ? undefined : at(data, filter.path);
  if (filter === undefined || !Array.isArray(list)) return data;
  const text = asText(filter.contains, variables);
  const named = (entry: unknown) => String(filter.key === undefined ? entry : at(entry, filter.key));
  return withValueAt(
    data,
    filter.path,
    list.filter((entry) => named(entry).includes(text)),
  );
}

function compared(step: Step, { status, json }: Answer, data: unknown, variables: Variables): string[] {
  if (status !== step.status) return [`status: expected ${step.status}, got ${status}`];
  const subcode = at(json, 'meta.result_subcode');
  return [
    ...(step.subcode === undefined || step.subcode === subcode
      ? []
      : [`subcode: expected ${step.subcode}, got ${subcode}`]),
    ...(step.meta === undefined
      ? []
      : differences(filledIn(step.meta, variables), at(json, 'meta'), { compare: 'subset' })),
    ...('data' in step ? differences(filledIn(step.data, variables), data, step) : []),
    ...(step.absent ?? [])
      .filter((where) => at(data, where) !== undefined)
      .map((where) => `${where}: not absent`),
  ];
}

/** Plain `node:http`: `fetch` sends no body with GET and adds headers of its own. */
function send(server: Server, step: Step, variables: Variables): Promise<Answer> {
  const base = step.target === 'files' ? server.filesUrl : server.url;
  const path = [step.version, asText(step.call, variables)].filter((part) => part !== undefined).join('/');
  const query = step.query === undefined ? '' : `?${asText(step.query, variables)}`;
  const body = bodyOf(step, variables);
  const headers = {
    ...headersOf(server, step, variables),
    ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
  };
  return new Promise((resolve, reject) => {
    const request = http.request(`${base}/${path}${query}`, { method: step.method ?? 'POST', headers });
    request.on('error', reject);
    request.on('response', (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, json: parsed(Buffer.concat(parts).toString()) }),
      );
    });
    request.end(body);
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function bodyOf(step: Step, variables: Variables): string | undefined {
  if (step.raw !== undefined) return asText(step.raw, variables);
  if (step.lines !== undefined)
    return step.lines.map((item) => JSON.stringify(filledIn(item, variables))).join('\n');
  if (step.method === 'GET' && step.body === undefined) return undefined;
  return JSON.stringify(filledIn(step.body ?? {}, variables));
}

function headersOf(server: Server, step: Step, variables: Variables): Record<string, string> {
  const type = step.contentType ?? (step.lines === undefined ? 'application/json' : 'application/json-lines');
  const authorization = authorizationOf(server, step.auth, variables);
  const own = filledIn(step.headers ?? {}, variables);
  const headers: Fields = {
    'content-type': type,
    ...(authorization === undefined ? {} : { authorization }),
    ...(isFields(own) ? own : {}),
  };
  const sent = Object.entries(headers).filter(([, value]) => value !== null);
  return Object.fromEntries(sent.map(([name, value]) => [name, String(value)]));
}

function authorizationOf(
  { credentials }: Server,
  auth: string | undefined,
  variables: Variables,
): string | undefined {
  if (auth === 'none') return undefined;
  const [, scheme, value] = /^(basic|bearer):(.*)$/.exec(auth ?? '') ?? [];
  if (scheme === 'bearer') return `Bearer ${asText(value ?? '', variables)}`;
  if (auth !== undefined && scheme === undefined) return asText(auth, variables);
  const pair = `${credentials.accessKey}:${credentials.secretKey}`;
  return `Basic ${Buffer.from(value === undefined ? pair : asText(value, variables)).toString('base64')}`;
}
