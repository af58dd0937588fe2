/**
 * An error of the agent's table. Told by its name: an instrumented module has a class of its own.
 */
export function isCoded(error: unknown): boolean {
  return (
    error instanceof Error && error.name === 'AgentError' && 'code' in error && error.code !== 'INTERNAL'
  );
}
