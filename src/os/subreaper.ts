import { run } from './exec.js';
import { exists } from './files.js';

/**
 * A subreaper is a process that becomes the parent of every process below it that loses its own (prctl(2),
 * PR_SET_CHILD_SUBREAPER): what forks twice and leaves its session stays a descendant. The mark is kept across execve,
 * so a short Python program sets it and becomes the program that is to have it.
 */

/** PR_SET_CHILD_SUBREAPER of linux/prctl.h. */
const SET_CHILD_SUBREAPER = 36;

/** `_ctypes` alone: the module `ctypes` around it takes as long to load as the interpreter. */
const MARK = `import _ctypes,posix,sys
failed=_ctypes.call_function(_ctypes.dlsym(_ctypes.dlopen(None,0),'prctl'),(${SET_CHILD_SUBREAPER},1,0,0,0))`;

/**
 * Parameters: number of variables, the variables, program and arguments. Python changes what a program inherits: it
 * ignores SIGPIPE and SIGXFSZ and sets LC_CTYPE in the C locale; both are put back.
 */
const LAUNCHER = `${MARK}
import _signal
for number in (_signal.SIGPIPE,_signal.SIGXFSZ): _signal.signal(number,_signal.SIG_DFL)
kept=open('/proc/self/environ','rb').read().split(b'\\0')
count=int(sys.argv[1])
kept+=[one.encode(sys.getfilesystemencoding(),'surrogateescape') for one in sys.argv[2:2+count]]
argv=sys.argv[2+count:]
posix.execve(argv[0],argv,dict(one.split(b'=',1) for one in kept if b'=' in one))`;

/** Python without site packages, variables and the working folder; all the same to what a task brings along. */
const ISOLATED = ['-I', '-S', '-c'];

const PROBE = `${MARK}
print('' if failed else sys.executable)`;
const PROBE_MS = 10_000;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * A Python that can make a process a subreaper, by its real path (`python3` of the PATH may be a slow script of pyenv).
 * `undefined` where there is none, or the kernel does not list children (CONFIG_PROC_CHILDREN).
 */
export async function findSubreaperPython(env: Environment): Promise<string | undefined> {
  const lists = await exists(`/proc/${process.pid}/task/${process.pid}/children`);
  if (!lists) return undefined;
  for (const candidate of ['/usr/bin/python3', 'python3']) {
    const options = { env, timeoutMs: PROBE_MS };
    const found = await run([candidate, ...ISOLATED, PROBE], options).catch(() => undefined);
    const python = found?.exitCode === 0 ? found.stdout.trim() : '';
    if (python !== '') return python;
  }
  return undefined;
}

/**
 * How a program is started as a subreaper. Libraries that a task puts before those of the system are not for this Python:
 * their variables come as arguments.
 */
export function asSubreaper(
  python: string,
  argv: readonly string[],
  env: Environment,
): { argv: [string, ...string[]]; env: Environment } {
  const isLinker = ([name]: [string, unknown]): boolean => name.startsWith('LD_');
  const entries = Object.entries(env);
  const linker = entries
    .filter(isLinker)
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]));
  return {
    argv: [python, ...ISOLATED, LAUNCHER, String(linker.length), ...linker, ...argv],
    env: Object.fromEntries(entries.filter((entry) => !isLinker(entry))),
  };
}
