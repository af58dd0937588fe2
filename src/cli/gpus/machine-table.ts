import { requireValid } from '../../config/validate.js';
import { causeLine } from '../../errors.js';
import { GpuTable } from '../../gpu/claims/gpu-table.js';
import { tablePlace } from '../../gpu/claims/table-folder.js';
import type { OutOfService, TableView } from '../../gpu/claims/types.js';
import type { Gpu } from '../../gpu/gpu.js';
import { GpuReader } from '../../gpu/gpu-reader.js';
import { visibleName } from '../../logs/visible-text.js';
import { stateFolder } from '../../os/paths.js';
import { type CommandContext, warnerOf } from '../command.js';
import { sessionConfig } from '../session.js';

export interface MachineTable {
  table: GpuTable;
  /** Empty where the vendor's tool is missing or fails. */
  gpus: readonly Gpu[];
  /** No vendor's tool is installed. */
  toolMissing: boolean;
}

/** The table of this machine, as the configuration places it, and its GPUs. */
export async function machineTable(context: CommandContext): Promise<MachineTable> {
  const { env } = context;
  const warn = warnerOf(context);
  const reader = new GpuReader({ env, warn });
  const looked = await reader.look();
  const table = await openTable(context, warn);
  if ('gpus' in looked) return { table, gpus: looked.gpus, toolMissing: false };
  if (!looked.missing) warn(`the GPUs cannot be read: ${looked.problem}`);
  return { table, gpus: [], toolMissing: looked.missing };
}

/** What the table says, for commands that show it beside other things. */
async function tableView(context: CommandContext): Promise<TableView> {
  return (await openTable(context, warnerOf(context))).read();
}

/** Devices of this machine that no task gets; none, with a warning, where the table cannot be read. */
export async function outOfServiceIn(context: CommandContext): Promise<readonly OutOfService[]> {
  try {
    return (await tableView(context)).outOfService;
  } catch (error) {
    warnerOf(context)(causeLine(error));
    return [];
  }
}

/** A line for each device of this machine that no task gets. */
export function outOfServiceLines(entries: readonly OutOfService[]): string[] {
  return entries.map(({ id, reason }) =>
    visibleName(`GPU ${id} of this machine is out of service: ${reason}`, 1000),
  );
}

async function openTable(context: CommandContext, warn: (line: string) => void): Promise<GpuTable> {
  const config = sessionConfig(context);
  requireValid(config, () => undefined);
  const { folder, alone } = await tablePlace({
    configured: config.agent.gpuTable,
    stateFolder: stateFolder(context.env, context.home),
    look: true,
  });
  if (alone !== undefined) warn(alone);
  return GpuTable.open({ folder, warn });
}
