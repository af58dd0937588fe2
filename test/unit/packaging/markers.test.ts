import test from 'ava';
import { markerHolds, markerValues } from '../../../src/packaging/markers.js';

const VALUES = markerValues({ version: '3.11.7', implementation: 'cpython', platform: 'linux-x86_64' });

const MARKERS: [marker: string, holds: boolean][] = [
  ["python_version < '3.10'", false],
  ["python_version >= '3.10' and python_version <= '3.11'", true],
  ["python_version ~= '3.10'", true],
  ["python_version == '3.11.*'", true],
  ["'3.10' <= python_version", true],
  ["python_full_version < '3.11.8rc1'", true],
  ["sys_platform == 'win32' or (platform_machine == 'x86_64' and os_name == \"posix\")", true],
  ["'linux' in sys_platform", true],
  ["platform_system not in 'Linux Darwin'", false],
  ['no marker at all (', true],
];

for (const [marker, holds] of MARKERS)
  test(`the marker ${marker}`, (t) => t.is(markerHolds(marker, VALUES), holds));

for (const [marker, holds] of [
  ["extra == 'Dev_Tools'", true],
  ["'dev.tools' == extra", true],
  ["extra != 'DEV-tools'", false],
  ["extra == 'docs'", false],
] as const)
  test(`names of extras are compared in their normal form: ${marker}`, (t) =>
    t.is(markerHolds(marker, { ...VALUES, extra: 'dev-Tools' }), holds));
