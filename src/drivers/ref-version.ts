import { AgentError } from '../errors.js';
import { refuseNewer } from '../os/format-version.js';
import type { DriverKind } from './driver.js';

/** Version of the references to places and workloads that each driver writes. The first ones had none. */
export const REF_VERSIONS: Readonly<Record<DriverKind, number>> = { local: 2, docker: 2 };

/**
 * Refuses a reference that no driver of this version can follow.
 *
 * @param where the file that has it
 * @param ref as it was read; what is no reference at all is not looked at
 * @throws AgentError NEWER_FORMAT
 */
export function refuseUnknownRef(where: string, ref: unknown): void {
  const { kind, version }: Partial<Record<string, unknown>> = { ...Object(ref) };
  if (typeof kind !== 'string') return;
  const known = Object.entries(REF_VERSIONS).find(([name]) => name === kind)?.[1];
  if (known === undefined)
    throw new AgentError(
      'NEWER_FORMAT',
      `${where} names a place of the kind ${JSON.stringify(kind.slice(0, 40))}, which this version of the agent does not know`,
      { hint: 'Start the version again that wrote it, or a later one. Nothing was changed.' },
    );
  refuseNewer(where, version, known);
}
