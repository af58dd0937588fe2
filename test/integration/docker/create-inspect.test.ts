import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import Docker from 'dockerode';
import { execa } from 'execa';
import { buildRequest, forEngine } from '../../../src/container/arguments/build-request.js';
import { optionsOf, parseArguments } from '../../../src/container/arguments/parse-arguments.js';
import { RUN_OPTIONS } from '../../../src/container/run-options/option-table.js';
import { capabilityName } from '../../../src/container/run-options/security-options.js';
import { createOptions } from '../../../src/drivers/docker/create-options.js';
import { ENGINE_REFUSES, INSPECTED_ARGUMENTS } from '../../support/docker-argument-cases.js';
import { DockerEngine, TEST_ENGINE } from '../../support/docker-engine.js';

test('the container is the one that the docker command makes', async (t) => {
  // Some four hundred containers are made.
  t.timeout(10 * 60_000);
  const engine = await DockerEngine.startFor(t);
  await engine.makeBusybox('base:1');
  const subnet = await prepare(engine);
  // Its bridge would outlive the engine.
  t.teardown(() => engine.docker(['network', 'rm', '--force', 'mynet']));
  const docker = new Docker({ socketPath: engine.socket });
  const { ApiVersion } = await docker.version();
  const wrong: unknown[] = [];
  const proven = new Set<string>();
  for (const given of INSPECTED_ARGUMENTS) {
    const args = given.map((word) => word.replace(SUBNET, subnet));
    const options = optionsOf(parseArguments(args), 'test');
    if (options.some(({ option }) => option.since !== undefined)) continue;
    const theirs = await byCommand(engine, args);
    const ours = await byUs(docker, engine, args, ApiVersion ?? '1.41');
    if (!isRefused(theirs)) for (const { option } of options) proven.add(option.name);
    if (TEST_ENGINE === 'podman') for (const found of [ours, theirs]) hideOfPodman(found, args);
    if (JSON.stringify(ours) !== JSON.stringify(theirs))
      wrong.push({ args: args.join(' '), ...difference(theirs, ours) });
  }
  t.deepEqual(wrong, []);
  const unproven = RUN_OPTIONS.filter(({ name, since }) => since === undefined && !proven.has(name));
  // Which of these an engine takes depends on its storage and its version.
  t.deepEqual(
    unproven.map(({ name }) => name).filter((name) => !ENGINE_REFUSES.includes(name)),
    [],
  );
});

function isRefused(outcome: unknown): boolean {
  return typeof outcome === 'object' && outcome !== null && 'refused' in outcome;
}

/** Start of the addresses in the arguments. */
const SUBNET = '172.30.100.';

/** @returns start of the addresses of the network, which no other network of the machine has */
async function prepare(engine: DockerEngine): Promise<string> {
  fs.writeFileSync(path.join(engine.folder, 'env'), 'FROM_FILE=1\n# note\nA=9\nC\n');
  fs.writeFileSync(path.join(engine.folder, 'labels'), 'la=1\nlb=2\n');
  fs.writeFileSync(path.join(engine.folder, 'seccomp.json'), '{ "defaultAction": "SCMP_ACT_ALLOW" }');
  await engine.docker(['create', '--name', 'other', '-v', '/shared', 'base:1', 'true']);
  const taken = Object.values(os.networkInterfaces()).flatMap((all = []) =>
    all.map(({ address }) => address),
  );
  const subnet = Array.from({ length: 256 }, (_, third) => `172.30.${third}.`).find(
    (start) => !taken.some((address) => address.startsWith(start)),
  );
  const subnets = ['--subnet', `${subnet}0/24`, '--subnet', '2001:db8::/64'];
  await engine.docker(['network', 'create', '--internal', '--ipv6', ...subnets, 'mynet']);
  return String(subnet);
}

async function byCommand(engine: DockerEngine, args: readonly string[]): Promise<unknown> {
  fs.rmSync(path.join(engine.folder, 'cid'), { force: true });
  try {
    const id = await engine.docker(['create', ...args, 'base:1', 'echo', 'x'], { program: commandProgram() });
    return await inspectAndRemove(new Docker({ socketPath: engine.socket }), id.trim());
  } catch {
    // Podman 5.8 makes a container with a negative number of CPU shares and cannot inspect it.
    return { refused: true };
  }
}

/** Of two docker commands the one of Docker's package is as old as its engine. */
function commandProgram(): string {
  const isPackaged = !process.env.AGENT_TEST_ENGINE_PATH && fs.existsSync('/usr/bin/docker');
  return isPackaged ? '/usr/bin/docker' : 'docker';
}

async function byUs(
  docker: Docker,
  engine: DockerEngine,
  args: readonly string[],
  version: string,
): Promise<unknown> {
  try {
    const options = optionsOf(parseArguments(args), 'test');
    const { request } = buildRequest(options, {
      env: { C: 'fromenv' },
      folder: engine.folder,
      engineSocket: engine.socket,
      realPath: (file: string) => file,
      readText: (file) => fs.readFileSync(path.resolve(engine.folder, file), 'utf8'),
    });
    const body = forEngine({ ...request, Image: 'base:1', Cmd: ['echo', 'x'] }, options, version);
    const container = await docker.createContainer(createOptions(body));
    return await inspectAndRemove(docker, container.id);
  } catch {
    return { refused: true };
  }
}

async function inspectAndRemove(docker: Docker, id: string): Promise<unknown> {
  const container = docker.getContainer(id);
  const found: Record<string, unknown> = JSON.parse(
    JSON.stringify(await container.inspect())
      .replaceAll(id, 'ID')
      .replaceAll(id.slice(0, 12), 'SHORT'),
  );
  await container.remove({ force: true, v: true });
  for (const key of ['Created', 'Name', 'Path'])
    if (!(key === 'Name' && found.Name === '/foo')) delete found[key];
  delete found.GraphDriver;
  return normal(found);
}

/** Volumes without a name get a random one; variables and binds come from sets of the command. */
function normal(value: unknown, key = ''): unknown {
  // The command sends empty lists of limits, which newer engines keep as such.
  if (value === null && /^(BlkioDevice|Ulimits$)/.test(key)) return [];
  if (Array.isArray(value)) {
    // The command of Docker 20.10 leaves the spelling of capabilities to the engine.
    if (/^Cap(Add|Drop)$/.test(key)) return value.map((name) => capabilityName(String(name))).sort();
    const members = value.map((member) => normal(member));
    return ['Env', 'Binds', 'Mounts'].includes(key)
      ? members.map((one) => JSON.stringify(one)).sort()
      : members;
  }
  if (typeof value === 'string') return value.replace(/[\da-f]{64}/g, 'HASH');
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(entries.map(([name, member]) => [name, normal(member, name)]));
}

/**
 * The docker command asks for no limit of processes in its own way, which lifts Podman's default of 2048; the podman
 * command keeps it, as the agent does. A port of the machine that nobody names is another one each time.
 */
function hideOfPodman(found: unknown, args: readonly string[]): void {
  if (typeof found !== 'object' || found === null) return;
  for (const [key, value] of Object.entries(found)) {
    const isDefault = key === 'PidsLimit' && (value === 0 || value === 2048);
    const isNote = key === 'io.podman.annotations.pids-limit' && value === '0';
    const isRandom = key === 'HostPort' && value !== '' && !args.join(' ').includes(String(value));
    if (isDefault || isNote || isRandom) Reflect.deleteProperty(found, key);
    else hideOfPodman(value, args);
    if (key === 'Annotations' && JSON.stringify(value) === '{}') Reflect.deleteProperty(found, key);
  }
}

function difference(theirs: unknown, ours: unknown): { theirs: string[]; ours: string[] } {
  const lines = (value: unknown) => JSON.stringify(value, null, 1).split('\n');
  const [left, right] = [lines(theirs), lines(ours)];
  return {
    theirs: left.filter((line) => !right.includes(line)),
    ours: right.filter((line) => !left.includes(line)),
  };
}

test('the engine has a command to compare with', async (t) => {
  t.is((await execa(commandProgram(), ['--version'])).exitCode, 0);
});
