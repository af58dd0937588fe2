import { startServer } from '../../src/server/server.js';

/** The embedded server as a process of its own, for tests that kill it: `node server-process.ts FOLDER`. */
const server = await startServer({ folder: process.argv[2] ?? '' });
const { url, filesUrl, credentials } = server;
process.stdout.write(`${JSON.stringify({ url, filesUrl, credentials })}\n`);
