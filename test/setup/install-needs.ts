import { AgentError } from '../../src/errors.js';
import { run } from '../../src/os/exec.js';
import { NEEDS, type Need } from './needs.js';

/** Packages are fetched; a mirror that hangs must not hang the tests. */
const INSTALL_MS = 8 * 60_000;

/**
 * Installs what is missing, as root on Debian and Ubuntu.
 *
 * @returns what is missing, by the part of the tests that is left out without it
 * @throws AgentError COMMAND_MISSING naming what all tests need and what cannot be installed
 */
export async function installNeeds(): Promise<Map<string, string>> {
  const missing = await missingNeeds();
  if (missing.length > 0 && process.getuid?.() === 0 && (await succeeds(['apt-get', '--version'])))
    await install(missing);
  const still = missing.length > 0 ? await missingNeeds() : [];
  const required = still.filter(({ leftOut }) => leftOut === undefined);
  if (required.length > 0)
    throw new AgentError('COMMAND_MISSING', `the tests need what this machine lacks: ${namesOf(required)}`);
  const parts = new Set(still.map(({ leftOut }) => leftOut).filter((part) => part !== undefined));
  return new Map([...parts].map((part) => [part, namesOf(still.filter(({ leftOut }) => leftOut === part))]));
}

function namesOf(needs: readonly Need[]): string {
  return needs.map(({ name, packages }) => `${name} (package ${packages[0]})`).join(', ');
}

async function missingNeeds(): Promise<Need[]> {
  const present = await Promise.all(NEEDS.map(isPresent));
  return NEEDS.filter((_, index) => !present[index]);
}

async function isPresent(need: Need): Promise<boolean> {
  for (const check of need.checks) if (await succeeds(check)) return true;
  return false;
}

async function install(missing: readonly Need[]): Promise<void> {
  await apt(['update', '-q']);
  const packages = (await Promise.all(missing.map(knownPackage))).filter((name) => name !== undefined);
  await apt(['install', '-y', '-q', '--no-install-recommends', ...new Set(packages)]);
}

async function knownPackage({ packages }: Need): Promise<string | undefined> {
  for (const name of packages) if (await succeeds(['apt-cache', 'show', name])) return name;
  // A name that the lists do not know would fail the others; where it is required, the check that follows tells.
  return undefined;
}

/** What it says is shown only when it fails; the check that follows tells what is missing then. */
async function apt(args: readonly string[]): Promise<void> {
  process.stdout.write(`apt-get ${args.join(' ')}\n`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const result = await run(['apt-get', ...args], { env, timeoutMs: INSTALL_MS });
  if (result.exitCode !== 0) process.stdout.write(`${result.stdout}${result.stderr}`);
}

async function succeeds(argv: readonly [string, ...string[]]): Promise<boolean> {
  return run(argv, { env: process.env, timeoutMs: 30_000 }).then(
    (result) => result.exitCode === 0,
    () => false,
  );
}
