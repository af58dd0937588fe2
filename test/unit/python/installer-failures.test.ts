import test from 'ava';
import { type FailureKind, failureReason } from '../../../src/python/install/install-failure.js';

const OUTPUTS: [output: string, kind: FailureKind, cause: RegExp][] = [
  ['OSError: [Errno 28] No space left on device', 'disk', /^no space left on the disk$/],
  [
    'ERROR: Could not find a version that satisfies the requirement x==9 (from versions: 1.0, 2.0)\nERROR: No matching distribution found for x==9',
    'version',
    /^no version of x==9 for Python 3\.11\.7; available: 1\.0, 2\.0$/,
  ],
  [
    "WARNING: Retrying (...) NewConnectionError('Connection refused')\nERROR: No matching distribution found for x",
    'unreachable',
    /^the package index cannot be reached: /,
  ],
  [
    'error: No solution found\n  cause: Because x was not found in the package registry and you require x',
    'missing',
    /^no package index has x for Python 3\.11\.7/,
  ],
  [
    '× No solution found\n  ╰─▶ Because there is no version of six==9.1 and you require six==9.1',
    'version',
    /^no version of six==9\.1 for Python/,
  ],
  [
    'hint: An index URL (http://h/simple) could not be queried due to a lack of valid authentication credentials (401 Unauthorized)',
    'refused',
    /^the package index refuses the login \(HTTP 401\)$/,
  ],
  [
    'ERROR: Cannot install a==1 and b==2 because these package versions have conflicting dependencies.\nERROR: ResolutionImpossible',
    'conflict',
    /^the requirements contradict each other: a==1 and b==2$/,
  ],
  [
    'error: No solution found when resolving dependencies\n  cause: Because you require six==1.16.0 and six==1.15.0, we can conclude that your requirements are unsatisfiable.',
    'conflict',
    /^the requirements contradict each other: six==1\.16\.0 and six==1\.15\.0$/,
  ],
  [
    'error: No solution found when resolving dependencies\n  cause: you require six==1.15.0 and six==1.16.0, which are incompatible',
    'conflict',
    /^the requirements contradict each other: six==1\.15\.0 and six==1\.16\.0$/,
  ],
  [
    '  × No solution found when resolving dependencies:\n  ╰─▶ Because you require six==1.16.0 and six==1.15.0, we can conclude that your\n      requirements are unsatisfiable.',
    'conflict',
    /^the requirements contradict each other: six==1\.16\.0 and six==1\.15\.0$/,
  ],
  [
    'error: Requirements contain conflicting URLs for package `six`:\n- https://a/six.whl\n- https://b/six.whl',
    'conflict',
    /^the requirements contradict each other: conflicting URLs for package `six`$/,
  ],
  [
    "ERROR: Double requirement given: six==1.15.0 (from -r r.txt (line 2)) (already in six==1.16.0 (from -r r.txt (line 1)), name='six')",
    'conflict',
    /^the requirements contradict each other: six==1\.15\.0 and six==1\.16\.0$/,
  ],
  [
    'ERROR: Could not find a version that satisfies the requirement six==1.15.0,==1.16.0 (from -r r.txt (line 1)) (from versions: 1.15.0, 1.16.0, 1.17.0)\nERROR: No matching distribution found for six==1.15.0,==1.16.0',
    'conflict',
    /^the requirements contradict each other: six==1\.15\.0,==1\.16\.0$/,
  ],
  [
    'ERROR: Could not find a version that satisfies the requirement six<2,>=1.18 (from versions: 1.16.0, 1.17.0)',
    'version',
    /^no version of six<2,>=1\.18 for Python/,
  ],
  [
    '  Incompatible constraints in requirements of project (0.1.0):\n  six (==1.16.0)\n  six (==1.15.0)',
    'conflict',
    /^the requirements contradict each other$/,
  ],
  [
    '  gcc: not found\n      fatal error: Python.h: No such file or directory\nERROR: Failed building wheel for psutil',
    'build',
    /^psutil has no ready package for Python 3\.11\.7 and its build fails: fatal error: Python\.h/,
  ],
  [
    "fatal: could not read Username for 'https://h': terminal prompts disabled",
    'git',
    /^a repository in the requirements cannot be fetched: fatal: could not read Username/,
  ],
  [
    'ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE. If you have',
    'hash',
    /^a package does not match its hash: /,
  ],
  [
    "ERROR: Invalid requirement: 'numpy=1.26': Expected end",
    'unread',
    /^a line of the requirements cannot be read: 'numpy=1\.26'/,
  ],
  ['something odd\nError: it broke', 'other', /^Error: it broke$/],
];

for (const [output, kind, cause] of OUTPUTS) {
  test(`what an installer says becomes a cause: ${kind}, ${output.slice(0, 120)}`, (t) => {
    const reason = failureReason({ tool: 'pip', output, exitCode: 1, what: 'x', python: 'Python 3.11.7' });
    t.is(reason.kind, kind);
    t.regex(reason.cause, cause);
  });
}
