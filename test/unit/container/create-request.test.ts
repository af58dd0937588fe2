import fs from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { buildRequest, forEngine } from '../../../src/container/arguments/build-request.js';
import { optionsOf, parseArguments } from '../../../src/container/arguments/parse-arguments.js';
import type { CreateRequest } from '../../../src/container/create-request.js';
import { RUN_OPTIONS } from '../../../src/container/run-options/option-table.js';
import { AgentError, isAgentError } from '../../../src/errors.js';
import { recordedSources } from '../../support/docker-argument-sources.js';

interface RecordedCase {
  args: string[];
  name?: string;
  platform?: string;
  sets?: Record<string, unknown>;
  refused?: string;
}

const folder = path.resolve(import.meta.dirname, '../../fixtures/docker');
const cases: RecordedCase[] = JSON.parse(fs.readFileSync(path.join(folder, 'create-bodies.json'), 'utf8'));
const defaults: Record<string, unknown> = JSON.parse(
  fs.readFileSync(path.join(folder, 'default-body.json'), 'utf8'),
);

test('our create request is the one of the docker command', (t) => {
  const wrong = cases
    .filter((one) => one.refused === undefined)
    .flatMap((one) => {
      const got = attempt(one.args);
      const found = got instanceof AgentError ? got.message : changes(got);
      const expected = { ...one.sets, ...pick(one, 'name'), ...pick(one, 'platform') };
      return same(found, expected) ? [] : [{ args: one.args.join(' '), found, expected }];
    });
  t.deepEqual(wrong, []);
});

test('what the docker command refuses is refused', (t) => {
  const accepted = cases
    .filter((one) => one.refused !== undefined)
    .filter((one) => !isAgentError(attempt(one.args), 'DOCKER_ARGUMENT'));
  t.deepEqual(
    accepted.map(({ args, refused }) => [args.join(' '), refused]),
    [],
  );
});

test('every option of the table is recorded, or steers only the docker command', (t) => {
  const used = new Set(
    cases
      .flatMap(({ args }) => parseArguments(args).flatMap(({ options }) => options))
      .map(({ option }) => option.name),
  );
  const missing = RUN_OPTIONS.map(({ name }) => name).filter((name) => !used.has(name));
  t.deepEqual(missing.sort(), [
    'cpu-count',
    'cpu-percent',
    'detach',
    'detach-keys',
    'disable-content-trust',
    'help',
    'io-maxbandwidth',
    'io-maxiops',
    'sig-proxy',
    'umask',
  ]);
});

test('a umask is an octal number, for engines of API 1.56', (t) => {
  const sources = recordedSources();
  const made = (word: string, version: string) => {
    const options = optionsOf(parseArguments(['--umask', word]), 'test');
    return forEngine(buildRequest(options, sources).request, options, version).HostConfig.Umask;
  };
  t.is(made('0022', '1.56'), 0o22);
  t.is(made('77', '1.57'), 0o77);
  for (const word of ['9', '0x1', '', 'u=rwx'])
    t.throws(() => made(word, '1.56'), { message: /^docker argument --umask: expected an octal number/ });
  t.throws(() => made('0022', '1.55'), { message: /^docker argument --umask needs engine API 1.56/ });
});

test('options of Windows engines are passed on', (t) => {
  const request = attempt([
    '--cpu-count',
    '2',
    '--cpu-percent=50',
    '--io-maxbandwidth',
    '1m',
    '--io-maxiops',
    '9',
  ]);
  t.like(request, {
    HostConfig: { CpuCount: 2, CpuPercent: 50, IOMaximumBandwidth: 1048576, IOMaximumIOps: 9 },
  });
});

test('an unknown option, a bare word and a missing value are named', (t) => {
  const messages = [['--foo', 'x'], ['-Z'], ['alpine'], ['-v', '-e', 'A=1']].map((args) =>
    String(attempt(args)),
  );
  t.regex(messages[0] ?? '', /no argument "--foo" \(test\)/);
  t.regex(messages[1] ?? '', /no argument "-Z"/);
  t.regex(messages[2] ?? '', /belongs to none: "alpine"/);
  t.regex(messages[3] ?? '', /"-v" needs a value/);
});

test('an older engine gets the request in its own form', (t) => {
  const options = optionsOf(
    parseArguments(['--mac-address', '92:d0:c6:0a:29:33', '--kernel-memory', '8m']),
    'test',
  );
  const { request } = buildRequest(options, recordedSources());
  t.like(forEngine(request, options, '1.41'), {
    MacAddress: '92:d0:c6:0a:29:33',
    NetworkingConfig: undefined,
  });
  t.is(forEngine(request, options, '1.41').HostConfig.KernelMemory, 8 * 1024 * 1024);
  t.is(forEngine(request, options, '1.50').MacAddress, undefined);
  t.false('KernelMemory' in forEngine(request, options, '1.50').HostConfig);
  const newer = optionsOf(parseArguments(['--annotation', 'a=b']), 'test');
  t.throws(() => forEngine(buildRequest(newer, recordedSources()).request, newer, '1.41'), {
    message: /--annotation needs engine API 1.43, this engine has 1.41/,
  });
});

function attempt(args: readonly string[]): CreateRequest | AgentError {
  try {
    const options = optionsOf(parseArguments(args), 'test');
    return forEngine(buildRequest(options, recordedSources()).request, options, '1.50');
  } catch (error) {
    if (error instanceof AgentError) return error;
    throw error;
  }
}

/** Fields that differ from the body without options, as the recording names them. */
function changes(request: CreateRequest): Record<string, unknown> {
  const { name, platform, HostConfig, NetworkingConfig, ...body } = request;
  const found: Record<string, unknown> = { ...pick({ name }, 'name'), ...pick({ platform }, 'platform') };
  for (const [before, fields, prefix] of [
    [defaults, body, []],
    [record(defaults.HostConfig), HostConfig, ['HostConfig']],
  ] as const) {
    for (const [field, value] of Object.entries(fields))
      note(found, [...prefix, field], before[field], value);
  }
  if (NetworkingConfig) found['NetworkingConfig.EndpointsConfig'] = NetworkingConfig.EndpointsConfig;
  return found;
}

/** Maps that have a default value are compared member by member, everything else whole. */
function note(found: Record<string, unknown>, at: string[], before: unknown, value: unknown): void {
  if (JSON.stringify(before) === JSON.stringify(value)) return;
  const maps = isRecord(before) && isRecord(value);
  if (!maps) found[at.join('/')] = value;
  else for (const [key, member] of Object.entries(value)) note(found, [...at, key], before[key], member);
}

function same(found: unknown, expected: Record<string, unknown>): boolean {
  if (typeof found === 'string') return false;
  return canonical(found) === canonical(expected);
}

/** The command keeps variables and binds in sets; empty, null and zero members mean the same as none. */
function canonical(value: unknown): string {
  return JSON.stringify(withoutEmpty(value), (key, member: unknown) => {
    if (/(^|\/)(Env|Binds)$/.test(key) && Array.isArray(member)) return [...member].sort();
    if (!isRecord(member)) return member;
    return Object.fromEntries(Object.entries(member).sort(([one], [other]) => (one < other ? -1 : 1)));
  });
}

function withoutEmpty(value: unknown, depth = 0): unknown {
  if (Array.isArray(value)) return value.map((member) => withoutEmpty(member, depth + 1));
  if (!isRecord(value)) return value;
  const kept = Object.entries(value).filter(
    ([, member]) => member !== '' && !(depth > 0 && (member === null || member === 0)),
  );
  return Object.fromEntries(kept.map(([key, member]) => [key, withoutEmpty(member, depth + 1)]));
}

function pick<K extends string>(from: { [key in K]?: unknown }, key: K): Record<string, unknown> {
  return from[key] === undefined ? {} : { [key]: from[key] };
}

function record(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {};
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
