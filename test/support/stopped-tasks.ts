import { hostname } from 'node:os';

/** What the reason of a stop says of its place. */
export const WHERE = `(worker test:0 on ${hostname()})`;
/** A script that ignores its signal. */
export const STUBBORN = "trap '' TERM\necho begun\nwhile true; do sleep 0.2; done\n";
/** A task that ends by itself at once. */
export const QUICK = { binary: '/bin/sh', entry_point: 'a.sh', diff: 'echo quick\n' };
