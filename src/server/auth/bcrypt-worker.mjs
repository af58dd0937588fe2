import { parentPort } from 'node:worker_threads';
import bcrypt from 'bcryptjs';

// Compares a password with a hash, or makes a hash of it.
parentPort?.on('message', ({ password, hash, cost }) => {
  if (hash !== undefined) parentPort?.postMessage({ matches: bcrypt.compareSync(password, hash) });
  else parentPort?.postMessage({ hash: bcrypt.hashSync(password, cost) });
});
parentPort?.postMessage('ready');
