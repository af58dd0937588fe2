import test from 'ava';
import { builtPattern } from '../../setup/built-tests.js';

const BUILT = {
  'test/unit/**/*.test.ts': '.build/test/unit/**/*.test.js',
  '!test/integration/kubernetes/*.test.ts': '!.build/test/integration/kubernetes/*.test.js',
  './test/unit/{api,os}/*.test.ts': '.build/test/unit/{api,os}/*.test.js',
  [`${process.cwd()}/test/unit/a.test.ts`]: '.build/test/unit/a.test.js',
};

for (const [pattern, built] of Object.entries(BUILT))
  test(`the built form of ${pattern.replace(process.cwd(), 'ROOT')}`, (t) => {
    t.is(builtPattern(pattern), built);
  });
