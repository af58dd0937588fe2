import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { agentHome } from '../../support/agent-process.js';
import { type SmallApiOptions, startSmallApiServer } from '../../support/small-api-server.js';

const SCRIPT = path.resolve(import.meta.dirname, '../../../bin/agent.js');
/** Clears the screen, sets the title, makes a link, forges a line, turns the writing round; 7-bit and 8-bit controls. */
const HOSTILE =
  '\u001b[2J\u001b]0;title\u0007\u001b]8;;http://x\u001b\\link\r\nforged\u0085\u009b31m\u202egnp\u2066\u061c\u2028__proto__';
const LONG = `${HOSTILE}${'x'.repeat(1_000_000)}`;
const RAW = /[^\P{Cc}\n]|[\u061c\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;
/** Bytes; a text of a megabyte is cut. */
const LARGEST_OUTPUT = 50_000;

const record = { id: `q${LONG}`, name: LONG, tags: [`force_workers:${LONG}`] };
const answers: Readonly<Record<string, unknown>> = {
  'debug.ping': { msg: LONG },
  'queues.get_default': { id: record.id, name: LONG },
  'queues.get_all': { queues: [record] },
  'workers.get_runtime_properties': { runtime_properties: [{ key: 'force', value: LONG }] },
  // As JSON, where it is a member of the object and not its prototype.
  'workers.get_all': JSON.parse(
    JSON.stringify({
      PROTO: { polluted: LONG },
      workers: [
        { id: LONG, ip: LONG, queues: [record], task: { id: LONG, name: LONG }, tags: [LONG, HOSTILE] },
        { id: '__proto__', PROTO: { id: 'x' }, last_activity_time: LONG },
        ...Array.from({ length: 50 }, (_, index) => ({ id: `${index}${HOSTILE}` })),
      ],
    }).replaceAll('"PROTO"', '"__proto__"'),
  ),
};

async function agentOf(t: ExecutionContext, options: Partial<SmallApiOptions>) {
  const server = await startSmallApiServer({ accessKey: 'AK', secretKey: 'SK', ...options });
  const home = await agentHome({ NO_COLOR: '1' });
  t.teardown(async () => {
    await server.close();
    await rm(home.folder, { recursive: true, force: true });
  });
  const file = path.join(home.folder, 'clearml.conf');
  await writeFile(
    file,
    `api { api_server: "${server.url}", credentials { access_key: AK, secret_key: SK } }\n`,
  );
  await chmod(file, 0o600);
  return async (...words: string[]) => {
    const child = spawn(process.execPath, [SCRIPT, ...words], { cwd: home.folder, env: home.env });
    const shown = { out: '', err: '' };
    child.stdout.setEncoding('utf8').on('data', (data) => (shown.out += data));
    child.stderr.setEncoding('utf8').on('data', (data) => (shown.err += data));
    child.stdin.end();
    const [status] = await once(child, 'close');
    return { ...shown, status };
  };
}

const COMMANDS: readonly (readonly string[])[] = [['list'], ['doctor'], ['daemon', '--status']];

for (const words of COMMANDS) {
  test(`${words.join(' ')}: names of the server reach the terminal as visible text, cut to a line`, async (t) => {
    const agent = await agentOf(t, { answers, userName: HOSTILE });
    const { out, err } = await agent(...words);
    t.log(err.slice(0, 600));
    t.notRegex(`${out}${err}`, RAW);
    t.regex(out, /\\x1b\[2J.*…/);
    t.notRegex(`${out}${err}`, /^forged/m);
    t.true(out.length + err.length < LARGEST_OUTPUT, `${out.length} and ${err.length}`);
  });

  test(`${words.join(' ')}: words of a server that refuses are one visible line`, async (t) => {
    const agent = await agentOf(t, { answers: {}, refusal: LONG });
    const { out, err, status } = await agent(...words);
    t.not(status, 0);
    t.notRegex(`${out}${err}`, RAW);
    t.notRegex(`${out}${err}`, /^forged/m);
    t.regex(`${out}${err}`, /\\x1b\[2J/);
    t.true(out.length + err.length < LARGEST_OUTPUT, `${out.length} and ${err.length}`);
  });
}

for (const words of [
  ['list', '--json'],
  ['doctor', '--json'],
])
  test(`${words.join(' ')}: the JSON has every name, and no raw control`, async (t) => {
    const agent = await agentOf(t, { answers, userName: HOSTILE });
    const { out } = await agent(...words);
    t.notRegex(out, RAW);
    t.true(JSON.stringify(JSON.parse(out)).includes(JSON.stringify(HOSTILE).slice(1, -1)));
  });
