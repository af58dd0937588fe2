import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { AgentHome } from './agent-process.js';

/** A card of the machine; `slices` are the profiles that it is cut into. */
export interface TestCard {
  slices?: readonly string[];
}

/** Eight whole cards. */
export const EIGHT_CARDS: readonly TestCard[] = Array.from({ length: 8 }, () => ({}));

/** Gives an agent a machine with these cards, by a program in the place of NVIDIA's tool, and a table of its own. */
export function gpuMachine({ folder, env }: AgentHome, cards: readonly TestCard[] = EIGHT_CARDS): void {
  const bin = path.join(folder, 'gpu-bin');
  mkdirSync(bin, { recursive: true });
  const report = path.join(bin, 'report.xml');
  writeFileSync(report, reportOf(cards));
  const list = path.join(bin, 'list.txt');
  writeFileSync(list, listOf(cards));
  const program = path.join(bin, 'nvidia-smi');
  writeFileSync(
    program,
    `#!/bin/sh\ncase "$1" in\n-q) cat '${report}' ;;\n-L) cat '${list}' ;;\n*) exit 1 ;;\nesac\n`,
  );
  chmodSync(program, 0o755);
  Object.assign(env, { PATH: `${bin}:${env.PATH ?? ''}`, ROCM_PATH: '/nonexistent' });
}

function uuid(card: number, slice?: number): string {
  const tail = `${String(card).padStart(4, '0')}${String(slice ?? 0).padStart(8, '0')}`;
  return `${slice === undefined ? 'GPU' : 'MIG'}-3f0b9c1e-52d7-4a6f-8e11-${tail}`;
}

function reportOf(cards: readonly TestCard[]): string {
  return `<?xml version="1.0" ?>
<nvidia_smi_log>
  <driver_version>550.54.15</driver_version>
  <cuda_version>12.4</cuda_version>
  <attached_gpus>${cards.length}</attached_gpus>
${cards.map(cardXml).join('\n')}
</nvidia_smi_log>
`;
}

function cardXml({ slices = [] }: TestCard, card: number): string {
  const mode = slices.length > 0 ? 'Enabled' : 'Disabled';
  const devices = slices.map(
    (_, at) => `<mig_device><index>${at}</index><gpu_instance_id>${at + 1}</gpu_instance_id>
      <compute_instance_id>0</compute_instance_id>
      <fb_memory_usage><total>20096 MiB</total><used>1 MiB</used><free>20095 MiB</free></fb_memory_usage></mig_device>`,
  );
  return `  <gpu id="00000000:0${card}:00.0">
    <product_name>NVIDIA A100-SXM4-40GB</product_name>
    <mig_mode><current_mig>${mode}</current_mig><pending_mig>${mode}</pending_mig></mig_mode>
    <mig_devices>${devices.length === 0 ? 'None' : devices.join('\n')}</mig_devices>
    <uuid>${uuid(card)}</uuid>
    <minor_number>${card}</minor_number>
    <pci><pci_bus_id>00000000:0${card}:00.0</pci_bus_id></pci>
    <fb_memory_usage><total>40536 MiB</total><used>${card} MiB</used><free>${40536 - card} MiB</free></fb_memory_usage>
    <utilization><gpu_util>${card} %</gpu_util></utilization>
    <temperature><gpu_temp>3${card} C</gpu_temp></temperature>
    <processes></processes>
  </gpu>`;
}

function listOf(cards: readonly TestCard[]): string {
  return cards
    .flatMap(({ slices = [] }, card) => [
      `GPU ${card}: NVIDIA A100-SXM4-40GB (UUID: ${uuid(card)})`,
      ...slices.map((name, at) => `  MIG ${name}     Device  ${at}: (UUID: ${uuid(card, at)})`),
    ])
    .map((line) => `${line}\n`)
    .join('');
}
