import { parentPort } from 'node:worker_threads';
import bcrypt from 'bcryptjs';

// Compares a password with a hash, or makes a hash of it.
parentPort?.on('message', ({ id, password, hash, cost }) => {
  if (hash !== undefined) parentPort?.postMessage({ id, matches: bcrypt.compareSync(password, hash) });
  else parentPort?.postMessage({ id, hash: bcrypt.hashSync(password, cost) });
});
parentPort?.postMessage({ id: 0 });
