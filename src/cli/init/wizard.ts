import { AgentError, causeLine, isAgentError } from '../../errors.js';
import type { Asker } from './asker.js';
import type { AgentAnswers, ServerAnswers } from './config-text.js';
import { guessHosts, type Hosts, readAddress } from './hosts.js';
import { type PastedCredentials, readPasted } from './pasted-credentials.js';

export interface ServerQuestions {
  asker: Asker;
  /** Logs in with the keys; throws AgentError. */
  verify(keys: { api: string; accessKey: string; secretKey: string }): Promise<void>;
  /** Stands in the question about the file. */
  file: string;
}

/** Asks for everything about the server, and returns only when the server accepts the agent. */
export async function askServer({ asker, verify, file }: ServerQuestions): Promise<ServerAnswers> {
  asker.say(
    [
      'Create new ClearML credentials in the web UI: Settings, Workspace, "+ Create new credentials",',
      'then "Copy to clipboard".',
    ].join('\n'),
  );
  const pasted = readPasted(await asker.paste('Paste copied configuration here:'));
  if (pasted.problem !== undefined) asker.say(`That could not be read: ${pasted.problem}`);
  const keys = await askKeys(asker, pasted);
  asker.say(`Detected credentials key="${keys.accessKey}" secret="${keys.secretKey.slice(0, 4)}***"`);
  if (pasted.web === undefined && pasted.api === undefined) {
    asker.say(`The address of your ClearML server goes into ${file}.`);
  }
  const hosts = await askHosts(asker, pasted);
  asker.say(
    `ClearML Hosts configuration:\nWeb App: ${hosts.web}\nAPI: ${hosts.api}\nFile Store: ${hosts.files}\n`,
  );
  const verified = await verifyKeys({ asker, verify, hosts, keys });
  return { ...verified, outputUri: await askOutputUri(asker, verified.hosts) };
}

interface Keys {
  accessKey: string;
  secretKey: string;
}

async function askKeys(asker: Asker, pasted: PastedCredentials): Promise<Keys> {
  if (pasted.accessKey !== undefined && pasted.secretKey !== undefined) {
    return { accessKey: pasted.accessKey, secretKey: pasted.secretKey };
  }
  asker.say('No credentials were found in it; please type them.');
  return typeKeys(asker);
}

async function typeKeys(asker: Asker): Promise<Keys> {
  const accessKey = await asker.text({ message: 'Enter user access key' });
  return { accessKey, secretKey: await asker.text({ message: 'Enter user secret', secret: true }) };
}

/** The address that the block names comes first; the others are guessed from it. */
async function askHosts(asker: Asker, pasted: PastedCredentials): Promise<Hosts> {
  const known = knownHosts(pasted);
  const fromApi = known.web === undefined && known.api !== undefined;
  const first = fromApi ? 'api' : 'web';
  const typed = { ...known, [first]: await askAddress(asker, first, guessHosts(known)[first]) };
  const second = fromApi ? 'web' : 'api';
  const both = { ...typed, [second]: await askAddress(asker, second, guessHosts(typed)[second]) };
  return { ...guessHosts(both), ...both, files: await askAddress(asker, 'files', guessHosts(both).files) };
}

/** An address in the block that cannot be one is asked for. */
function knownHosts(pasted: PastedCredentials): Partial<Hosts> {
  const known: Partial<Hosts> = {};
  for (const role of ['web', 'api', 'files'] as const) {
    const text = pasted[role];
    if (text !== undefined && addressProblem(text) === undefined) known[role] = readAddress(text);
  }
  return known;
}

const NAMES = { web: 'WEB Host', api: 'API Host', files: 'File Store Host' } as const;

async function askAddress(asker: Asker, role: keyof Hosts, initial: string): Promise<string> {
  const answer = await asker.text({
    message: `${NAMES[role]} configured to`,
    initial,
    check: (text) => (isYes(text) ? undefined : addressProblem(text)),
  });
  return isYes(answer) ? initial : readAddress(answer);
}

/** Scripts written for the original confirm with it. */
function isYes(text: string): boolean {
  return /^y(es)?$/i.test(text);
}

function addressProblem(text: string): string | undefined {
  try {
    readAddress(text);
    return undefined;
  } catch (error) {
    return causeLine(error);
  }
}

interface Verification extends Pick<ServerQuestions, 'asker' | 'verify'> {
  hosts: Hosts;
  keys: Keys;
}

/** Refused keys may be typed once more, an address that does not answer too. */
async function verifyKeys({ asker, verify, hosts, keys }: Verification): Promise<{ hosts: Hosts } & Keys> {
  asker.say('Verifying credentials ...');
  try {
    await verify({ api: hosts.api, ...keys });
    asker.say('Credentials verified!');
    return { hosts, ...keys };
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    asker.say(`Error: ${causeLine(error)}`);
    const again = isAgentError(error, 'API_CREDENTIALS')
      ? { hosts, keys: await typeKeys(asker) }
      : { hosts: { ...hosts, api: await askAddress(asker, 'api', hosts.api) }, keys };
    asker.say('Verifying credentials ...');
    await verify({ api: again.hosts.api, ...again.keys });
    asker.say('Credentials verified!');
    return { hosts: again.hosts, ...again.keys };
  }
}

async function askOutputUri(asker: Asker, hosts: Hosts): Promise<string> {
  const choice = await asker.choose({
    message: 'Default Output URI (used to automatically store models and artifacts):',
    options: [
      { value: 'none', label: 'None', letter: 'n' },
      { value: 'server', label: 'ClearML Server', letter: 's' },
      { value: 'custom', label: 'Custom', letter: 'c' },
    ],
  });
  if (choice === 'server') return hosts.files;
  return choice === 'custom' ? asker.text({ message: 'Custom Default Output URI' }) : '';
}

/** Asks how the agent is to work. */
export async function askAgent(asker: Asker, hostName: string): Promise<AgentAnswers> {
  const gitUser = await asker.text({
    message: 'Enter git username for repository cloning (leave blank for SSH key authentication)',
    initial: '',
  });
  const gitPass =
    gitUser === ''
      ? ''
      : await asker.text({ message: `Enter git personal token for user '${gitUser}'`, secret: true });
  const hosts =
    gitUser === ''
      ? ''
      : await asker.text({
          message:
            'Hosts that get this login, such as github.com (leave blank for every host that a task names)',
          initial: '',
        });
  const gitHosts = hosts.split(/[\s,]+/).filter((host) => host !== '');
  const extraIndexUrls = await askIndexUrls(asker);
  const workerName = await asker.text({
    message: `Name of this machine on the server (leave blank for its host name, ${hostName})`,
    initial: '',
  });
  return { gitUser, gitPass, gitHosts, extraIndexUrls, workerName };
}

async function askIndexUrls(asker: Asker): Promise<string[]> {
  const urls: string[] = [];
  for (;;) {
    const url = await asker.text({
      message:
        'Enter additional artifact repository (extra-index-url) to use when installing python packages (leave blank if not required)',
      initial: '',
    });
    if (url === '') return urls;
    urls.push(url);
  }
}
