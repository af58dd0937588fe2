import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { userInfo } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from './free-ports.js';

export interface SshServer {
  port: number;
  user: string;
  /** Private key that the server lets in. */
  key: string;
  /** A line for `known_hosts`. */
  knownHost: string;
  close(): Promise<void>;
}

export interface SshAgent {
  socket: string;
  close(): void;
}

/** A real `sshd` on loopback, for the user of the test alone, with keys made for it. */
export async function startSshServer(folder: string): Promise<SshServer> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  const hostKey = makeKey(folder, 'host');
  const key = makeKey(folder, 'user');
  const authorized = path.join(folder, 'authorized_keys');
  writeFileSync(authorized, publicKey(key), { mode: 0o600 });
  const [port = 0] = await freePorts(1);
  const config = path.join(folder, 'sshd_config');
  writeFileSync(
    config,
    [
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${hostKey}`,
      `AuthorizedKeysFile ${authorized}`,
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      'PermitRootLogin yes',
      'StrictModes no',
      'UsePAM no',
      'AcceptEnv GIT_PROTOCOL',
      `SetEnv PATH=${folder}/bin:${process.env.PATH}`,
      `PidFile ${folder}/sshd.pid`,
      '',
    ].join('\n'),
  );
  const child = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', config], { stdio: 'ignore' });
  await listening(port);
  const [type, code] = publicKey(hostKey).split(' ');
  return {
    port,
    user: userInfo().username,
    key,
    knownHost: `[127.0.0.1]:${port} ${type} ${code}\n`,
    close: async () => {
      child.kill();
      while (child.exitCode === null && child.signalCode === null) await sleep(10);
    },
  };
}

/** Puts a program in reach of those who log in. */
export function addSshProgram(folder: string, name: string, script: string): void {
  mkdirSync(path.join(folder, 'bin'), { recursive: true });
  writeFileSync(path.join(folder, 'bin', name), script);
  chmodSync(path.join(folder, 'bin', name), 0o755);
}

/** An agent that holds one key. */
export function startSshAgent(folder: string, key: string): SshAgent {
  const socket = path.join(folder, 'agent.sock');
  const output = execFileSync('ssh-agent', ['-a', socket, '-s'], { encoding: 'utf8' });
  const pid = Number(/SSH_AGENT_PID=(\d+)/.exec(output)?.[1]);
  execFileSync('ssh-add', ['-q', key], { env: { ...process.env, SSH_AUTH_SOCK: socket }, stdio: 'pipe' });
  return { socket, close: () => process.kill(pid) };
}

export function makeKey(folder: string, name: string): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = path.join(folder, name);
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'test', '-f', file]);
  return file;
}

function publicKey(file: string): string {
  return execFileSync('ssh-keygen', ['-y', '-f', file], { encoding: 'utf8' });
}

async function listening(port: number): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = net.connect(port, '127.0.0.1');
      socket.once('connect', () => resolve(socket.destroy() !== undefined));
      socket.once('error', () => resolve(false));
    });
    if (open) return;
    await sleep(25);
  }
  throw new Error(`sshd does not listen on port ${port}; is openssh-server installed?`);
}
