import v8 from 'node:v8';

/**
 * Asks the engine to spend time rather than memory. A process that waits for months should be small, and the
 * one that sends a task's log would otherwise keep the room that a flood of lines needed: measured on Node 20,
 * 4 MB less when idle and 25 MB less while 200,000 lines pass through, for some tenths of a second.
 */
export function preferSmallMemory(): void {
  v8.setFlagsFromString('--optimize-for-size');
}
