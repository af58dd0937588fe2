import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { AgentUnderTest } from './agent-under-test.js';

const REPORTS = path.resolve(import.meta.dirname, '../fixtures/nvidia-smi');

/** A machine with GPUs, as a program in the place of NVIDIA's tool. */
export interface LosingGpu {
  /** File whose presence takes the second card away. */
  lost: string;
  /** Puts the card back. */
  repair(): void;
}

/** Gives an agent two cards, the second of which is gone once a file is there. */
export function losingGpu(agent: Pick<AgentUnderTest, 'home'>): LosingGpu {
  const { folder, env } = agent.home;
  const bin = path.join(folder, 'gpu-bin');
  const lost = path.join(folder, 'lost');
  mkdirSync(bin, { recursive: true });
  const whole = path.join(REPORTS, 'driver-470-two-t4.xml');
  const withoutSecond = `awk '/<gpu id=/ { n++ } n < 2 || /<\\/nvidia_smi_log>/' '${whole}'`;
  const program = path.join(bin, 'nvidia-smi');
  writeFileSync(program, `#!/bin/sh\nif [ -e '${lost}' ]; then ${withoutSecond}; else cat '${whole}'; fi\n`);
  chmodSync(program, 0o755);
  Object.assign(env, { PATH: `${bin}:${env.PATH ?? ''}`, ROCM_PATH: '/nonexistent' });
  return { lost, repair: () => rmSync(lost, { force: true }) };
}
