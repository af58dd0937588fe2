/** For the tests that test/setup/built-tests.ts built; the settings in package.json are for their sources. */
import { readFileSync } from 'node:fs';

const { extensions, nodeArguments, ...settings } = JSON.parse(readFileSync('package.json', 'utf8')).ava;

/** Scripts of the SDK wait for minutes by themselves; as the last files they would keep the machine idle. */
const isSlow = (file) => /[/\\]server[/\\]sdk-[^/\\]*$/.test(file);

export default {
  ...settings,
  files: ['.build/test/**/*.test.js'],
  sortTestFiles: (a, b) => Number(isSlow(b)) - Number(isSlow(a)),
};
