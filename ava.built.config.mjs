/** For the tests that test/setup/built-tests.ts built; the settings in package.json are for their sources. */
import { readFileSync } from 'node:fs';

const { extensions, nodeArguments, ...settings } = JSON.parse(readFileSync('package.json', 'utf8')).ava;

export default { ...settings, files: ['.build/test/**/*.test.js'] };
