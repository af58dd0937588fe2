import type { StoppedPlace } from '../../drivers/module.js';

/** What a run of an agent still has to do with its container. */
export interface ContainerNeed {
  task: string;
  /** The agent is running now; otherwise its next start resumes the container. */
  agentRuns: boolean;
}

export interface PruneFacts {
  containers: readonly StoppedPlace[];
  /** By the container's id. */
  needs: ReadonlyMap<string, ContainerNeed>;
  /** Folders of runs whose journal cannot be read, with why. */
  unreadable: ReadonlyMap<string, string>;
  /** Milliseconds since 1970. */
  now: number;
  olderThanSeconds: number;
  /** Whether agents that do not run have lost their claim. */
  abandoned: boolean;
}

export interface PruneItem {
  container: StoppedPlace;
  /** Why it stays; `undefined` for one to remove. */
  keptFor: string | undefined;
}

/** A container is made some time before it is started. */
const STARTING_SECONDS = 600;

/** Decides about every stopped container; those that ended first come first. */
export function planPrune(facts: PruneFacts): PruneItem[] {
  return facts.containers
    .map((container) => ({ container, keptFor: claim(container, facts) ?? youth(container, facts) }))
    .sort((a, b) => Date.parse(a.container.since) - Date.parse(b.container.since));
}

function claim(
  { id, runFolder }: StoppedPlace,
  { needs, unreadable, abandoned }: PruneFacts,
): string | undefined {
  const why = runFolder === undefined ? undefined : unreadable.get(runFolder);
  if (why !== undefined) return `${why}, so whether its task still needs it is not known`;
  const need = needs.get(id);
  if (need === undefined || (abandoned && !need.agentRuns)) return undefined;
  return need.agentRuns
    ? `its agent is running and works on task ${need.task}`
    : `its agent has to finish task ${need.task} at its next start`;
}

function youth({ since, state }: StoppedPlace, { now, olderThanSeconds }: PruneFacts): string | undefined {
  const age = (now - Date.parse(since)) / 1000;
  const least = state === 'created' ? Math.max(olderThanSeconds, STARTING_SECONDS) : olderThanSeconds;
  return age < least ? 'too young' : undefined;
}
