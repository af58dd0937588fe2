import test from 'ava';
import { prepareWords } from '../../../src/cli/argv.js';
import { COMMANDS } from '../../../src/cli/commands.js';
import { planEntrypoint } from '../../../src/cli/entrypoint/plan-entrypoint.js';
import { readOverride } from '../../../src/config/dynamic-overrides.js';
import { OPTIONS } from '../../../src/config/options/option-table.js';
import { VARIABLES } from '../../../src/config/variables/variable-table.js';
import { optionsOf, parseArguments } from '../../../src/container/arguments/parse-arguments.js';
import { splitWords } from '../../../src/os/shell-words.js';
import { loadServerConfig } from '../../../src/server/config/load-config.js';
import { composeService } from '../../support/compose-file.js';

const AGENTS = ['services-agent', 'apps-agent', 'custom-apps-agent'];
/** Variables that git, Python's libraries and curl read themselves. */
const OF_OTHERS = ['GIT_SSL_CAINFO', 'SSL_CERT_FILE', 'CURL_CA_BUNDLE'];

const known = new Set([
  ...VARIABLES.flatMap(({ name, aliases = [] }) => [name, ...aliases]),
  ...OPTIONS.flatMap(({ variables = [] }) => variables),
  ...OF_OTHERS,
]);

for (const agent of AGENTS) {
  const main = composeService(`${agent}.yml`, agent);
  const privateCa = composeService(`${agent}.private-ca.yml`, agent);

  test(`${agent}: every variable is one that the agent knows`, (t) => {
    for (const [name, value] of Object.entries({ ...main.environment, ...privateCa.environment })) {
      if (name.startsWith('CLEARML_AGENT__')) t.false(readOverride(name, value ?? '', {}).plain, name);
      else t.true(known.has(name), name);
    }
  });

  test(`${agent}: its command line and the arguments of its containers are understood`, (t) => {
    const { environment } = main;
    const plan = planEntrypoint(
      Object.fromEntries(
        Object.entries(environment).flatMap(([name, value]) => (value === null ? [] : [[name, value]])),
      ),
      '/root',
    );
    if (plan.kind === 'end') return t.fail(plan.message);
    t.deepEqual(plan.notes, []);
    t.deepEqual(plan.variables, {}, 'state and caches are in the mounted folder');
    const daemon = COMMANDS.find(({ name }) => name === 'daemon');
    const flags = daemon?.flags.flatMap((flag) => flag.flags.split(/[ ,]+/)) ?? [];
    const unknown = prepareWords(plan.words, COMMANDS)
      .filter((word) => word.startsWith('--'))
      .filter((word) => !flags.includes(word.split('=', 1)[0] ?? ''));
    t.deepEqual(unknown, []);
    t.notThrows(() =>
      optionsOf(parseArguments(splitWords(environment.CLEARML_AGENT_EXTRA_DOCKER_ARGS ?? '')), agent),
    );
  });

  test(`${agent}: the folder is mounted at the path that the agent expects, and the engine's socket too`, (t) => {
    t.true(main.volumes.includes(main.environment.CLEARML_AGENT_DOCKER_HOST_MOUNT ?? ''));
    t.true(main.volumes.includes('/var/run/docker.sock:/var/run/docker.sock'));
    t.is(main.user, 'root');
  });

  test(`${agent}: the private authority is where its variables say`, (t) => {
    const inside = privateCa.volumes.map((volume) => volume.split(':')[1]);
    for (const file of Object.values(privateCa.environment)) t.true(inside.includes(file ?? ''), file ?? '');
  });
}

test('agents do not share a folder or a worker id', (t) => {
  const of = (name: string) => AGENTS.map((agent) => composeService(`${agent}.yml`, agent).environment[name]);
  for (const name of ['CLEARML_AGENT_DOCKER_HOST_MOUNT', 'CLEARML_WORKER_ID'])
    t.is(new Set(of(name)).size, 3, name);
});

test('server.yml: its variables set keys of the server, and its command line is one that the agent knows', (t) => {
  const { environment, command, healthcheck } = composeService('server.yml', 'server');
  const env = Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [name, value === null ? undefined : String(value)]),
  );
  const config = loadServerConfig({ env, defaultFolder: '/nonexistent' });
  t.deepEqual(config.notices, []);
  t.is(config.get('apiserver.listen.ip'), '0.0.0.0');
  t.is(config.get('apiserver.metrics.port'), 9102);
  const server = COMMANDS.find(({ name }) => name === 'server');
  const flags = server?.flags.flatMap((flag) => flag.flags.split(/[ ,]+/)) ?? [];
  const [first, ...words] = (command ?? '').split(' ');
  t.is(first, 'server');
  t.deepEqual(
    words.filter((word) => word.startsWith('--') && !flags.includes(word)),
    [],
  );
  const [, program, name, action = ''] = healthcheck?.test ?? [];
  t.deepEqual([program, name], ['agent', 'server']);
  t.true(server?.positionalChoices?.includes(action));
});
