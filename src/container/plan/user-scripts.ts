import type { Config } from '../../config/config.js';
import { OWN_PREPARATION, type SetupScript } from '../setup-scripts.js';

export interface ScriptFacts {
  config: Config;
  /** The task's or the rule's set-up script. */
  setupScript: string;
  /** The machine's ssh folder is mounted. */
  sshMounted: boolean;
  gitFilesMounted: boolean;
}

/** Scripts that prepare a container, in the original's order. */
export function userScripts(facts: ScriptFacts): SetupScript[] {
  const { config } = facts;
  const init = config.agent.dockerInitBashScript.join('\n');
  const afterTools = init === '' ? ({ afterTools: true } as const) : {};
  return [
    {
      name: 'agent.docker_preprocess_bash_script',
      text: config.agent.dockerPreprocessBashScript.join('\n'),
    },
    // A script of the administrator's own replaces all that is built in, copies of keys included.
    init === ''
      ? { name: 'the copy of keys and git files', text: builtIn(facts) }
      : { name: OWN_PREPARATION, text: filled(config, init) },
    {
      name: 'agent.extra_docker_shell_script',
      text: config.agent.extraDockerShellScript.join('\n'),
      ...afterTools,
    },
    { name: "the task's set-up script", text: facts.setupScript, ...afterTools },
  ].filter(({ text }) => text.trim() !== '');
}

/** Keys are mounted read-only; programs want files of their own user. */
function builtIn({ config, sshMounted, gitFilesMounted }: ScriptFacts): string {
  const { keys, folder, gitFiles } = credentialFolders(config);
  // A user whose home folder is the root folder finds the mounted keys themselves.
  const ssh = `mkdir -p ${folder} && [ ${keys} -ef ${folder} ] || { cp -R ${keys}/. ${folder}/ && chmod -R go-rwx ${folder}; }`;
  const git = `for file in ${gitFiles}/.git*; do [ -e "$file" ] && cp "$file" ~/; done`;
  return [...(sshMounted ? [ssh] : []), ...(gitFilesMounted ? [git] : [])].join('\n');
}

/** Where keys are mounted, where they are copied to, and where git's files are mounted. */
export function credentialFolders(config: Config): { keys: string; folder: string; gitFiles: string } {
  const { sshRoFolder, sshFolder } = config.agent.dockerInternalMounts;
  return { keys: sshRoFolder, folder: sshFolder, gitFiles: `${sshRoFolder}.git` };
}

/** Names in braces that the original fills in an init script; doubled braces are braces. */
function filled(config: Config, script: string): string {
  const { keys, folder, gitFiles } = credentialFolders(config);
  const values: Readonly<Record<string, string>> = {
    python_single_digit: 'python3',
    python: 'python3',
    mount_ssh_ro: keys,
    mount_ssh: folder,
    mount_git_ro: gitFiles,
  };
  return script.replace(/\{\{|\}\}|\{(\w+)\}/g, (whole, name?: string) =>
    name === undefined ? whole.charAt(0) : (values[name] ?? whole),
  );
}
