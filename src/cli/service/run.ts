import { rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { killGraceMs } from '../../daemon/intervals.js';
import { AgentError, isAgentError, systemCode } from '../../errors.js';
import { run } from '../../os/exec.js';
import { ensureFolder, writeFileDurable } from '../../os/files.js';
import type { CommandContext } from '../command.js';
import { sessionConfig } from '../session.js';
import { type Service, type ServiceManager, type Step, serviceManager } from './service-plan.js';

const SCRIPT = fileURLToPath(new URL('../../../bin/agent.js', import.meta.url));
const ACTIONS = ['install', 'uninstall', 'status', 'logs', 'print'] as const;
type Action = (typeof ACTIONS)[number];

/** The word that asks for the embedded server instead of an agent. */
const SERVER = 'server';

/** `agent service <action> [server]`: an agent, or the embedded server, that starts with the machine. */
export async function runService(context: CommandContext): Promise<number> {
  const [word = '', ...others] = context.positionals;
  const kind = others[0] === SERVER ? SERVER : 'daemon';
  const words = kind === SERVER ? others.slice(1) : others;
  const action = ACTIONS.find((one) => one === word);
  if (action === undefined)
    throw new AgentError('USAGE', `service takes one of ${ACTIONS.join(', ')}, got "${word}"`);
  if (words.length > 0 && action !== 'install' && action !== 'print') {
    throw new AgentError(
      'USAGE',
      `service ${action} takes no flags of the ${kind}; --name says which service is meant`,
    );
  }
  await (kind === SERVER ? requireServerFlags(context, words) : requireDaemonFlags(context, words));
  requireOwnFlags(action, context.options);
  await requireUser(context);
  const isWritten = action === 'install' || action === 'print';
  const service = describeService(
    context,
    { kind, words },
    isWritten && kind === 'daemon' ? stopSecondsOf(context) : LEAST_STOP_SECONDS,
  );
  return perform(action, { context, service, manager: serviceManager(process.platform) });
}

/** Flags that mean something to some actions only. */
const FLAGS_OF: readonly [flag: string, name: string, actions: readonly Action[]][] = [
  ['--run-as', 'runAs', ['install', 'print']],
  ['--follow', 'follow', ['logs']],
];

/** @throws AgentError USAGE for a flag without effect */
function requireOwnFlags(action: Action, options: CommandContext['options']): void {
  for (const [flag, name, actions] of FLAGS_OF) {
    if (options[name] === undefined || actions.includes(action)) continue;
    throw new AgentError('USAGE', `service ${action}: ${flag} is for service ${actions.join(' and ')}`);
  }
  if (options.start === false && action !== 'install')
    throw new AgentError('USAGE', `service ${action}: --no-start is for service install`);
  if (options.runAs !== undefined && options.system !== true)
    throw new AgentError('USAGE', 'service: --run-as needs --system', {
      hint: 'A service of your own runs as you.',
    });
}

/**
 * A unit of a user that does not exist would only fail at its start.
 *
 * @throws AgentError USAGE
 */
async function requireUser({ options: { runAs }, env }: CommandContext): Promise<void> {
  if (typeof runAs !== 'string') return;
  const unknown = new AgentError('USAGE', `service: --run-as: this machine has no user "${runAs}"`);
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.@-]*\$?$/.test(runAs)) throw unknown;
  const { exitCode } = await run(['id', '-u', '--', runAs], { env, timeoutMs: 10_000 });
  if (exitCode !== 0) throw unknown;
}

/** A unit with flags that the daemon refuses would only be found out at the next start of the machine. */
async function requireDaemonFlags(context: CommandContext, words: readonly string[]): Promise<void> {
  const { stop, resume, status } = await context.readOther(['daemon', '--foreground', ...words]);
  if (stop === undefined && resume === undefined && status === undefined) return;
  throw new AgentError('USAGE', 'a service runs a daemon; --stop, --resume and --status are not for it');
}

/** The same for the server. */
async function requireServerFlags(context: CommandContext, words: readonly string[]): Promise<void> {
  const [action] = words;
  if (action !== undefined && /^\w/.test(action))
    throw new AgentError('USAGE', `a service runs the server; "server ${action}" is a command of its own`);
  await context.readOther(['server', ...words]);
}

interface Work {
  context: CommandContext;
  service: Service;
  manager: ServiceManager;
}

async function perform(action: Action, { context, service, manager }: Work): Promise<number> {
  const { options, stdout } = context;
  const say = (text: string) => void stdout.write(`${text}\n`);
  switch (action) {
    case 'print':
      say(manager.text(service).trimEnd());
      return 0;
    case 'install':
      await requireManager(context, service);
      for (const step of manager.install(service, { start: options.start !== false }))
        await carryOut(step, context);
      say(`Installed ${manager.file(service)}`);
      for (const note of notes(context, service)) say(note);
      return 0;
    case 'uninstall':
      await requireManager(context, service);
      for (const step of manager.uninstall(service)) await carryOut(step, context);
      say(`Removed ${manager.file(service)}`);
      return 0;
    case 'status':
      await requireManager(context, service);
      return show(manager.status(service), context);
    case 'logs':
      await requireManager(context, service);
      return show(manager.logs(service, { follow: options.follow === true }), context);
  }
}

/** The name tells agents of one machine apart, so by default it is that of their GPUs. */
function describeService(
  { options, env, home, global }: CommandContext,
  { kind, words }: { kind: Service['kind']; words: readonly string[] },
  stopSeconds: number,
): Service {
  const user = typeof options.runAs === 'string' ? options.runAs : env.SUDO_USER || os.userInfo().username;
  return {
    kind,
    name: serviceName(options.name, kind, words),
    scope: options.system === true ? 'system' : 'user',
    user,
    argv: [
      process.execPath,
      '--',
      SCRIPT,
      ...(global.configFile === undefined ? [] : ['--config-file', path.resolve(global.configFile)]),
      // The log of the machine is no place for a secret key.
      ...(kind === SERVER ? [SERVER, '--no-print-conf'] : ['daemon', '--foreground']),
      ...words,
    ],
    path: env.PATH || '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    home,
    stopSeconds,
  };
}

/** For the end of a stopped task's processes, for its log and for its status. */
const REPORT_SECONDS = 60;
const LEAST_STOP_SECONDS = 120;

/** The grace of tasks is the configuration's: a manager that is less patient would kill the daemon in the middle of it. */
function stopSecondsOf(context: CommandContext): number {
  const graceSeconds = Math.ceil(killGraceMs(sessionConfig(context)) / 1000);
  return Math.max(LEAST_STOP_SECONDS, graceSeconds + REPORT_SECONDS);
}

function serviceName(given: unknown, kind: Service['kind'], words: readonly string[]): string {
  if (typeof given === 'string') {
    if (/^[\w.-]{1,100}$/.test(given)) return given;
    throw new AgentError('USAGE', `--name "${given}": expected letters, digits, dots and dashes`);
  }
  if (kind === SERVER) return SERVER;
  const text = words.join(' ');
  const gpus = /--gpus[= ](\S+)/.exec(text)?.[1];
  if (gpus !== undefined) return `gpu${gpus.replace(/[^\w.-]/g, '_')}`.slice(0, 100);
  return words.includes('--cpu-only') ? 'cpu' : 'default';
}

/** Before anything is written. */
async function requireManager({ env }: CommandContext, service: Service): Promise<void> {
  if (process.platform !== 'linux') return;
  const argv: [string, ...string[]] = [
    'systemctl',
    ...(service.scope === 'user' ? ['--user'] : []),
    'is-system-running',
  ];
  const state = await run(argv, { env, timeoutMs: 10_000 }).catch((error: unknown) => {
    if (isAgentError(error, 'COMMAND_MISSING')) return undefined;
    throw error;
  });
  if (state !== undefined && !/^(offline|unknown)?$/.test(state.stdout.trim())) return;
  const detail = state?.stderr.trim();
  throw new AgentError('COMMAND_MISSING', 'systemd does not run here, or cannot be reached', {
    hint: '"agent service print" shows the unit; "agent daemon --detached" works without a service manager.',
    ...(detail ? { detail } : {}),
  });
}

async function carryOut(step: Step, { env }: CommandContext): Promise<void> {
  if (step.kind === 'write') return writeUnit(step.file, step.text);
  if (step.kind === 'remove') return rm(step.file, { force: true });
  const { exitCode, stderr } = await run(step.argv, { env, timeoutMs: 60_000 });
  if (exitCode === 0 || step.mayFail === true) return;
  throw new AgentError('COMMAND_FAILED', `${step.argv.join(' ')} ended with status ${exitCode}`, {
    detail: stderr.trim(),
  });
}

async function writeUnit(file: string, text: string): Promise<void> {
  try {
    await ensureFolder(path.dirname(file), 0o755);
    await writeFileDurable(file, text, 0o644);
  } catch (error) {
    throw new AgentError('COMMAND_FAILED', `cannot write ${file}: ${systemCode(error) ?? String(error)}`, {
      hint: 'A service of the system is installed as root; without --system it is one of your own.',
      cause: error,
    });
  }
}

async function show(argv: [string, ...string[]], { env, stdout, stderr }: CommandContext): Promise<number> {
  const result = await run(argv, { env, onOutput: (piece) => void stdout.write(piece), maxKept: 0 });
  if (result.timedOut) stderr.write(`${argv[0]} gave no answer\n`);
  return result.exitCode;
}

/** What the service will not have from this shell, and how a user's service outlives the session. */
function notes({ env }: CommandContext, { scope, argv, user }: Service): string[] {
  const variables = Object.keys(env).filter((name) => /^(CLEARML|TRAINS)_/.test(name) && env[name]);
  return [
    ...(scope === 'user'
      ? [`So that it runs without a login: loginctl enable-linger ${user ?? ''}`.trimEnd()]
      : []),
    ...(variables.length === 0
      ? []
      : [
          `The service does not see ${variables.join(', ')} of this shell: put what they say into clearml.conf.`,
        ]),
    ...(argv.some((word) => word.startsWith('--git-pass'))
      ? ['Everybody on this machine can read --git-pass in the unit: put it into clearml.conf.']
      : []),
  ];
}
