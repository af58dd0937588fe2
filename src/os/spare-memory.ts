import { setFlagsFromString } from 'node:v8';

/**
 * Machine code of functions that seldom run and the compilers that make it are 8 of the 63 MB of an idle daemon. The budget is
 * the bytecode that a function runs before the engine considers it for compilation, in bytes; V8 has 67,584.
 */
const BYTECODE_ONLY = ['--no-sparkplug', '--no-maglev', '--no-opt', '--interrupt-budget=5000000'] as const;

/** From now on this process compiles nothing to machine code. */
export function spareMemory(): void {
  for (const flag of BYTECODE_ONLY) setFlagsFromString(flag);
}

/** From now on work that lasts is compiled again. */
export function compileHotCode(): void {
  setFlagsFromString('--opt');
}
