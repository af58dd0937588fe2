import { isAgentError } from '../../errors.js';
import type { Reporter } from '../../logs/reporter.js';
import { run } from '../../os/exec.js';
import { expandHome } from '../../os/paths.js';
import { failureKind } from '../../repository/git-failure.js';
import { parseGitUrl } from '../../repository/git-url.js';
import { RepositoryGit } from '../../repository/repository-git.js';
import { repositorySettings } from '../../repository/settings.js';
import { type Check, type DoctorContext, type Finding, ok, problem } from './check.js';

const GIT_FIX = 'Install git: apt-get install git';
/** No repository has this address; a server that lets the agent in says that it does not know it. */
const PROBE = 'clearml/agent-doctor-probe.git';

export const gitCheck: Check = {
  name: 'git',
  title: 'git',
  async run(context): Promise<Finding[]> {
    const version = await gitVersion(context);
    if (version === undefined) return [problem('git is not installed', GIT_FIX)];
    const settings = repositorySettings(context.config);
    const hosts = settings.credentials.flatMap(({ host }) => (host === undefined ? [] : [host]));
    const user = settings.credentials.find(({ host }) => host === undefined)?.user;
    return [
      ok(`git ${version}`),
      ...(user === undefined ? [] : [ok(`user "${user}" for every host; --repository URL tries one`)]),
      ...unfinishedPair(context),
      ...(await Promise.all([...new Set(hosts)].map((host) => tryHost(context, host)))),
      ...(context.repository === undefined ? [] : [await tryRepository(context, context.repository)]),
    ];
  },
};

async function gitVersion({ config, signal }: DoctorContext): Promise<string | undefined> {
  try {
    const { stdout } = await run(['git', '--version'], { env: config.env, signal, timeoutMs: 5000 });
    return /(\d+\.\d+\S*)/.exec(stdout)?.[1];
  } catch (error) {
    if (isAgentError(error, 'COMMAND_MISSING')) return undefined;
    throw error;
  }
}

function unfinishedPair({ config }: DoctorContext): Finding[] {
  const user = config.agent.gitUser !== undefined;
  const password = config.agent.gitPass !== undefined;
  if (!user || password) return [];
  return [
    problem('agent.git_user is set and agent.git_pass is not', 'Set both, or neither to use ssh keys.'),
  ];
}

async function tryHost(context: DoctorContext, host: string): Promise<Finding> {
  const address = /^[a-z+]+:\/\//.test(host) ? host.replace(/\/+$/, '') : `https://${host}`;
  const { kind, words } = await look(context, `${address}/${PROBE}`);
  if (kind === undefined || kind === 'not-found') return ok(`${host} takes the credentials`);
  if (kind === 'credentials') {
    return problem(
      `${host} refuses the credentials`,
      'Make a new token there and put it into the configuration.',
    );
  }
  return problem(`${host}: ${words}`, 'Check the name of the host and the way to it.');
}

async function tryRepository(context: DoctorContext, address: string): Promise<Finding> {
  const { kind, words } = await look(context, address);
  if (kind === undefined) return ok(`${address} can be read`);
  return problem(
    words,
    kind === 'credentials' ? 'Set agent.git_user and agent.git_pass for this host.' : undefined,
  );
}

/** Asks a remote for its branches; `kind` is undefined if it listed them. */
async function look({ config, home, signal }: DoctorContext, address: string) {
  const cache = config.agent.vcsCache.path;
  const place = { cwd: home };
  const git = await RepositoryGit.open(
    {
      settings: { ...repositorySettings(config), verbose: false },
      cacheFolder: expandHome(cache, home),
      env: config.env,
      home,
      reporter: SILENT,
      signal,
    },
    parseGitUrl(address),
  );
  const result = await git.run(['ls-remote', '--heads', '--', git.fetchUrl], place);
  if (result.exitCode === 0) return { kind: undefined, words: '' };
  return { kind: failureKind(result), words: git.error('cannot read', result).message };
}

const SILENT: Reporter = { line: () => undefined, output: () => undefined };
