/** Iteration of values that describe a task as a whole. */
export const SINGLE_VALUE_ITERATION = -2_147_483_648;
