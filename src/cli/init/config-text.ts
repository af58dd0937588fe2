import type { Hosts } from './hosts.js';

/** What the wizard found out about how the agent is to work. */
export interface AgentAnswers {
  gitUser: string;
  gitPass: string;
  gitHosts: string[];
  extraIndexUrls: readonly string[];
  /** Empty: the host name. */
  workerName: string;
}

export interface ServerAnswers {
  hosts: Hosts;
  accessKey: string;
  secretKey: string;
  /** `sdk.development.default_output_uri`; empty: none. */
  outputUri: string;
}

/** A new configuration file. `clearml.conf.example` has every key. */
export function newConfigText(server: ServerAnswers, agent: AgentAnswers): string {
  const { hosts, accessKey, secretKey, outputUri } = server;
  const lines = [
    '# ClearML configuration, written by "agent init". All keys: clearml.conf.example',
    'api {',
    `    # Web UI, API and file server of ${hosts.web}`,
    `    web_server: ${quote(hosts.web)}`,
    `    api_server: ${quote(hosts.api)}`,
    `    files_server: ${quote(hosts.files)}`,
    '    # Made in the web UI: Settings, Workspace, App Credentials',
    '    credentials {',
    `        access_key: ${quote(accessKey)}`,
    `        secret_key: ${quote(secretKey)}`,
    '    }',
    '}',
    '',
    agentSection(agent),
  ];
  const sdk = [
    '',
    'sdk {',
    '    development {',
    `        default_output_uri: ${quote(outputUri)}`,
    '    }',
    '}',
  ];
  return `${[...lines, ...(outputUri === '' ? [] : sdk)].join('\n')}\n`;
}

/** The agent's section, which can be appended to an existing file. */
export function agentSection({
  gitUser,
  gitPass,
  gitHosts,
  extraIndexUrls,
  workerName,
}: AgentAnswers): string {
  const urls = extraIndexUrls.map((url) => `            ${quote(url)}`);
  return [
    'agent {',
    '    # Name of this machine on the server; empty: the host name',
    `    worker_name: ${quote(workerName)}`,
    '',
    '    # For git over https; empty: keys of ssh, or whatever git itself is set up with',
    `    git_user: ${quote(gitUser)}`,
    `    git_pass: ${quote(gitPass)}`,
    '    # Hosts that get them; none: every host that a task names, with a warning',
    `    git.credential_hosts: [${gitHosts.map(quote).join(', ')}]`,
    '',
    '    package_manager {',
    '        # Package indexes beside the default one',
    urls.length === 0
      ? '        extra_index_url: []'
      : `        extra_index_url: [\n${urls.join(',\n')}\n        ]`,
    '    }',
    '}',
  ].join('\n');
}

/** A text in HOCON, which writes them as JSON does. */
function quote(text: string): string {
  return JSON.stringify(text);
}
