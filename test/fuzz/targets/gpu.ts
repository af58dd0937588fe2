import { parseNvidiaSmiList } from '../../../src/gpu/nvidia-smi-list.js';
import { parseNvidiaSmi } from '../../../src/gpu/nvidia-smi-parser.js';
import { parseRocmSmi } from '../../../src/gpu/rocm-smi-parser.js';

export async function nvidiaSmi(text: string): Promise<void> {
  parseNvidiaSmiList(text);
  await parseNvidiaSmi(text);
}

export function rocmSmi(text: string): void {
  parseRocmSmi(text);
}
