import path from 'node:path';

/** Starts the embedded server of a checkout: `node run-server.mjs CHECKOUT FOLDER`. */
const [checkout = '', folder = ''] = process.argv.slice(2);
const { startServer } = await import(path.join(checkout, 'dist/server/server.js'));
const { url, filesUrl, webUrl, credentials } = await startServer({ folder });
process.stdout.write(`${JSON.stringify({ url, filesUrl, webUrl, credentials })}\n`);
