import { parseEnvironment } from '../../container/setup-scripts.js';
import { AgentError } from '../../errors.js';
import type { RunContainerExec } from '../container/container-exec.js';
import type { ArchiveOwner } from '../container/tree-archive.js';

/** What the first command in a container finds out. */
export interface PodLook {
  /** Of the container's processes. */
  owner: ArchiveOwner;
  /** The variables that its processes see. */
  environment: Record<string, string>;
}

const LOOK = 'unset clearml_agent_group; printf "%s:%s\\n" "$(id -u)" "$(id -g)"; cat /proc/self/environ';

/** @throws AgentError KUBERNETES, KUBERNETES_POD, DOCKER_CONTAINER */
export async function podLook(exec: RunContainerExec): Promise<PodLook> {
  const output: Uint8Array[] = [];
  const argv = ['/bin/sh', '-c', LOOK];
  const code = await exec({
    argv,
    onOutput: (data, stream) => {
      if (stream === 'stdout') output.push(data);
    },
  });
  const said = Buffer.concat(output).toString('utf8');
  const ids = /^(\d+):(\d+)\n/.exec(said);
  if (code !== 0 || ids === null)
    throw new AgentError('DOCKER_CONTAINER', `the first command in the pod ended with status ${code}`, {
      hint: 'The image needs /bin/sh, id and cat.',
    });
  const [head, uid, gid] = ids;
  return {
    owner: { uid: Number(uid), gid: Number(gid) },
    environment: parseEnvironment(said.slice(head.length)),
  };
}
