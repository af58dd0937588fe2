import test from 'ava';
import { meets, meetsAll, releaseOf, versionParts } from '../../../src/packaging/version.js';
import { rangesOverlap } from '../../../src/packaging/version-range.js';

const MEETS: [version: string, part: string, holds: boolean][] = [
  ['1.9', '~=1.4', true],
  ['2.0', '~=1.4', false],
  ['1.4.9', '~=1.4.2', true],
  ['1.5.0', '~=1.4.2', false],
  ['3.9', '~=3', true],
  ['4.0', '~=3', false],
  ['5.0', '==*', true],
  ['5.0', '!=*', false],
  ['1.14', '!=1.13.*', true],
  ['1.13.0rc1', '==1.13.*', true],
  ['1', '==1.0.*', true],
  ['1.0rc1', '!=1.0.0.*', false],
  ['1!1.0', '==1.0.*', false],
  ['1', '~=1.0.0', true],
  ['1.0a1', '~=1.0.0', false],
  ['24.2.1', '<24.3', true],
  ['24.3b1', '<24.3', false],
  ['24.3b1', '>=24.2', true],
  ['3.6.9', '>=3.6.*', true],
  ['1!1.0', '>2.0', true],
  ['1.0.post1', '>1.0', false],
  ['1.0.post2', '>1.0.post1', true],
  ['1.0+cu118', '>1.0', false],
  ['1.0rc1', '<1.0rc2', true],
  ['1.0rc1', '<1', false],
  ['2.1.0+cu118', '==2.1.0', true],
  ['2.1.0+cu118', '==2.1.0+cu118', true],
  ['2.1.0+cu118', '==2.1.0+cu117', false],
  ['2.1.0+cu118', '!=2.1.0+cu117', true],
  ['2.1.0', '>=2.0+cu118', true],
  ['1.0', '1.0.0', true],
  ['1.0', '===1.0.0', false],
  ['master', '==master', true],
  ['master', '!=1.*', true],
  ['master', '>=1.0', false],
  ['1.0', '>=master', false],
];

for (const [version, part, holds] of MEETS)
  test(`${version} ${holds ? 'meets' : 'does not meet'} ${part}`, (t) => {
    const parts = versionParts(part);
    t.is(parts.length, 1);
    t.is(meetsAll(version, parts), holds);
  });

test('the parts of a range are read, empty ones left out', (t) => {
  t.deepEqual(versionParts(' >= 20.3 ,<24.3, 22,'), [
    ['>=', '20.3'],
    ['<', '24.3'],
    ['==', '22'],
  ]);
  t.deepEqual(versionParts(' '), []);
});

test('an operator that does not exist is an error', (t) => {
  t.throws(() => meets('1.0', ['=>', '1.0']), { code: 'CONFIG_VALUE', message: /=>/ });
});

test('the build of a vendor belongs to its release', (t) => {
  t.is(releaseOf('1.13.0a0+936e930'), '1.13.0');
  t.is(releaseOf('3.14.0rc2'), '3.14.0');
  t.is(releaseOf('1!2.0.post1'), '1!2.0');
  t.is(releaseOf('master'), 'master');
});

const OVERLAPS: [a: string, b: string, overlap: boolean][] = [
  ['<2.0', '>=2.0', false],
  ['<=2.0', '>=2.0', true],
  ['~=1', '==1.5', true],
  ['~=1.4.2', '>=1.5', false],
  ['==1.5.*', '>=1.6', false],
  ['==1.5.*', '<1.5', false],
  ['==1!1.0', '>2', true],
  ['==1.13.0a0+936e930', '>=1.13', true],
  ['==2.1.0+cu118', '<=2.1', true],
  ['!=1.0', '==1.0', true],
  ['==master', '==1.0', true],
];

for (const [a, b, overlap] of OVERLAPS)
  test(`${a} and ${b} ${overlap ? 'overlap' : 'exclude each other'}`, (t) => {
    t.is(rangesOverlap(versionParts(a), versionParts(b)), overlap);
    t.is(rangesOverlap(versionParts(b), versionParts(a)), overlap);
  });
