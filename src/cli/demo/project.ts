import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { AgentError } from '../../errors.js';
import { run } from '../../os/exec.js';
import { programText } from '../../os/program-file.js';

export interface DemoProject {
  /** `file://` address of the repository. */
  repository: string;
  branch: string;
  commit: string;
  entryPoint: string;
  workingDir: string;
  /** Text of requirements.txt. */
  requirements: string;
  /** `git diff` of a change that was never committed. */
  diff: string;
  /** Something to tell about how it was made. */
  note?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

const WHEEL = 'wheels/demo_metrics-1.0-py3-none-any.whl';

const METRICS = `def mean_squared_error(pairs):
    return sum((a - b) ** 2 for a, b in pairs) / len(pairs)


def bar(value, width=30):
    return "#" * max(1, min(width, round(value * width)))
`;

const REQUIREMENTS = `# a package of the repository itself, so that the demonstration needs no network\n./${WHEEL}\n`;

/** Packs a wheel with the standard library; a wheel is a zip file with three metadata files. */
const MAKE_WHEEL = `import sys, zipfile
target, source = sys.argv[1:3]
info = "demo_metrics-1.0.dist-info/"
files = {
    "demo_metrics.py": source,
    info + "METADATA": "Metadata-Version: 2.1\\nName: demo-metrics\\nVersion: 1.0\\n",
    info + "WHEEL": "Wheel-Version: 1.0\\nGenerator: demo\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
}
files[info + "RECORD"] = "".join(name + ",,\\n" for name in [*files, info + "RECORD"])
with zipfile.ZipFile(target, "w") as wheel:
    for name, text in files.items():
        wheel.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), text)
`;

/** Makes a git repository with two commits and a change that is not committed. */
export async function makeDemoProject(
  folder: string,
  python: string,
  env: Environment,
): Promise<DemoProject> {
  const command = async (...argv: [string, ...string[]]) => {
    const result = await run(argv, { cwd: folder, env: gitEnvironment(env) });
    if (result.exitCode !== 0) {
      throw new AgentError('COMMAND_FAILED', `${argv[0]} failed: ${result.stderr.trim().split('\n').at(-1)}`);
    }
    return result.stdout;
  };
  await mkdir(path.join(folder, 'src'), { recursive: true });
  await mkdir(path.join(folder, 'wheels'), { recursive: true });
  await writeFile(path.join(folder, 'README.md'), '# Demonstration project\n');
  await command('git', 'init', '--quiet', '--initial-branch=main');
  await command('git', 'add', '.');
  await command('git', 'commit', '--quiet', '--message', 'Begin the project');
  const program = programText('train.py', import.meta.url);
  await writeFile(path.join(folder, 'src', 'train.py'), program);
  const installs = await canInstall(python, env);
  const requirements = installs ? REQUIREMENTS : '';
  await writeFile(path.join(folder, 'requirements.txt'), requirements);
  if (installs) await command(python, '-c', MAKE_WHEEL, path.join(folder, WHEEL), METRICS);
  else await writeFile(path.join(folder, 'src', 'demo_metrics.py'), METRICS);
  await command('git', 'add', '.');
  await command('git', 'commit', '--quiet', '--message', 'Fit a line');
  await writeFile(path.join(folder, 'src', 'train.py'), program.replace('RATE = 0.05', 'RATE = 0.1'));
  return {
    repository: `file://${folder}`,
    branch: 'main',
    commit: (await command('git', 'rev-parse', 'HEAD')).trim(),
    entryPoint: 'train.py',
    workingDir: 'src',
    requirements,
    diff: await command('git', 'diff'),
    ...(installs ? {} : { note: NO_PIP }),
  };
}

const NO_PIP =
  'This Python has neither pip nor ensurepip, so the package that the task would install is part of its code instead.';

/** A bare Python, as Debian ships it, has nothing to install packages with. */
async function canInstall(python: string, env: Environment): Promise<boolean> {
  const probe = `import importlib.util, sys
found = [importlib.util.find_spec(name) for name in ("ensurepip", "pip")]
sys.exit(not any(spec and spec.origin for spec in found))`;
  return (await run([python, '-c', probe], { env })).exitCode === 0;
}

/** Commits need a name; the user's own settings are neither needed nor touched. */
function gitEnvironment(env: Environment): Environment {
  const who = { NAME: 'Demonstration', EMAIL: 'demo@localhost' };
  return {
    ...env,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_AUTHOR_NAME: who.NAME,
    GIT_AUTHOR_EMAIL: who.EMAIL,
    GIT_COMMITTER_NAME: who.NAME,
    GIT_COMMITTER_EMAIL: who.EMAIL,
  };
}
