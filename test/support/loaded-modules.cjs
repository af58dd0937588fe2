// Preloaded into a process: at its end, writes the files that it has loaded by require to $LOADED_MODULES.
const { writeFileSync } = require('node:fs');

process.on('exit', () => {
  const file = process.env.LOADED_MODULES;
  if (file) writeFileSync(file, Object.keys(require.cache).join('\n'));
});
