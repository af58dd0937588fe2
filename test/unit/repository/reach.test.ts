import test from 'ava';
import type { ConfigValue } from '../../../src/config/config.js';
import {
  fetchUrl,
  gitEnvironment,
  secretsFor,
  tokenHeader,
} from '../../../src/repository/git-environment.js';
import { parseGitUrl } from '../../../src/repository/git-url.js';
import { toolGitEnvironment } from '../../../src/repository/requirement-sources.js';
import {
  rewriteVcsRequirementUrl,
  vcsRepositories,
  vcsRepository,
  withoutVcsLogins,
} from '../../../src/repository/requirement-url.js';
import { repositorySettings } from '../../../src/repository/settings.js';
import { caseConfig } from '../../support/case-config.js';

const BOT = { 'agent.git_user': 'bot', 'agent.git_pass': 'tok' };
const FORCED = { 'agent.force_git_ssh_protocol': true };

/** Where git really goes. */
const ROUTES: [note: string, from: string, config: Record<string, ConfigValue>, to: string][] = [
  ['no credentials: ssh stays ssh', 'git@github.com:o/r.git', {}, 'git@github.com:o/r.git'],
  [
    'credentials for another host',
    'git@github.com:o/r.git',
    { ...BOT, 'agent.git_host': 'gitlab.com' },
    'git@github.com:o/r.git',
  ],
  [
    'translation switched off',
    'git@github.com:o/r.git',
    { ...BOT, 'agent.translate_ssh': false },
    'git@github.com:o/r.git',
  ],
  ['the port of ssh is not one of https', 'ssh://git@h:2222/o/r.git', BOT, 'https://h/o/r.git'],
  ['scp form of an absolute path', 'git@h:/srv/r.git', BOT, 'https://h/srv/r.git'],
  [
    'Azure DevOps by ssh',
    'git@ssh.dev.azure.com:v3/org/pro ject/repo',
    BOT,
    'https://dev.azure.com/org/pro%20ject/_git/repo',
  ],
  [
    'credentials for the https name of Azure',
    'git@ssh.dev.azure.com:v3/o/p/r',
    { ...BOT, 'agent.git_host': 'dev.azure.com' },
    'https://dev.azure.com/o/p/_git/r',
  ],
  [
    'Azure DevOps by https, forced',
    'https://org@dev.azure.com/org/p/_git/r',
    FORCED,
    'ssh://git@ssh.dev.azure.com/v3/org/p/r',
  ],
  [
    'Azure repository named like its project',
    'https://dev.azure.com/org/_git/r',
    FORCED,
    'ssh://git@ssh.dev.azure.com/v3/org/r/r',
  ],
  [
    'Bitbucket Server by ssh',
    'ssh://git@bb.example.com:7999/PRJ/r.git',
    BOT,
    'https://bb.example.com/scm/PRJ/r.git',
  ],
  [
    'Bitbucket Server by https, forced',
    'https://bb.example.com/scm/PRJ/r.git',
    FORCED,
    'ssh://git@bb.example.com:7999/PRJ/r.git',
  ],
  ['GitHub behind port 443', 'ssh://git@ssh.github.com:443/o/r.git', BOT, 'https://github.com/o/r.git'],
  [
    'forced port reaches the scp form',
    'git@h:o/r.git',
    { ...FORCED, 'agent.force_git_ssh_port': 2222 },
    'ssh://git@h:2222/o/r.git',
  ],
  [
    'forced user keeps the port',
    'ssh://me@h:2222/o/r.git',
    { ...FORCED, 'agent.force_git_ssh_user': 'x' },
    'ssh://x@h:2222/o/r.git',
  ],
  ['forced, and credentials: still ssh', 'git@h:o/r.git', { ...FORCED, ...BOT }, 'git@h:o/r.git'],
  ['a user without password may have one stored', 'https://me@h/o/r', {}, 'https://me@h/o/r'],
  ['a user is replaced by credentials', 'https://me@h/o/r', BOT, 'https://h/o/r'],
  ['a local path has no credentials', '/srv/git/r.git', BOT, '/srv/git/r.git'],
];

for (const [note, from, config, to] of ROUTES) {
  test(`route: ${note}`, (t) => {
    t.is(fetchUrl(parseGitUrl(from), repositorySettings(caseConfig(config))), to);
  });
}

test('variables name secrets only in variables of their own', (t) => {
  const settings = repositorySettings(caseConfig({ ...BOT, 'agent.git_pass': 'the-secret' }));
  const variables = gitEnvironment(['https://me:other-secret@h/o/r', 'https://x/y'], settings);
  const holders = Object.entries(variables).filter(([, value]) => /secret/.test(value));
  t.deepEqual(
    holders.map(([name]) => name.replace(/\d+$/, '')),
    ['AGENT_GIT_PASS_', 'AGENT_GIT_PASS_'],
  );
  t.deepEqual(secretsFor(['https://me:other-secret@h/o/r'], settings), ['other-secret', 'the-secret']);
});

const SECRETS: [address: string, secrets: string[]][] = [
  ['https::https://me:other-secret@h/o/r', ['other-secret']],
  ['HTTPS::https://glpat-abcdefghijklmnop@h/o/r', ['glpat-abcdefghijklmnop']],
  ['a::b::https://me:percent%40coded@h/o/r', ['percent@coded']],
  ['ext::sh -c "run https://me:other-secret@h/o/r %S"', ['other-secret']],
  ['ext::ssh -p 22 git@h %S o/r', []],
  ['ssh::ssh://git@h/o/r', []],
  ['git@h:o/r.git', []],
  ['ssh://deploy@h/o/r.git', []],
  ['https://glpat-abcdefghijklmnop@h/o/r', ['glpat-abcdefghijklmnop']],
];

for (const [address, secrets] of SECRETS) {
  test(`secrets of ${address}`, (t) =>
    t.deepEqual(secretsFor([address], repositorySettings(caseConfig({}))), secrets));
}

test('credentials without a host are only given to the hosts of the addresses', (t) => {
  const old = 'git+git://h/o/p.git@v1#egg=p\n-e git://i/q.git';
  t.deepEqual(vcsRepositories({ pip: old }), ['https://h/o/p.git', 'https://i/q.git']);
  t.deepEqual(withoutVcsLogins({ pip: old }), {
    pip: 'git+https://h/o/p.git@v1#egg=p\n-e git+https://i/q.git',
  });
  const settings = repositorySettings(caseConfig(BOT));
  const keys = Object.values(gitEnvironment(['https://h:8443/o/r', 'http://i/x'], settings)).filter((value) =>
    /^credential\./.test(value),
  );
  t.deepEqual([...new Set(keys)], ['credential.https://h:8443.helper', 'credential.http://i.helper']);
});

test('entries and an ssh command of the environment are kept', (t) => {
  const settings = repositorySettings(caseConfig());
  const base = {
    GIT_CONFIG_COUNT: '2',
    GIT_CONFIG_KEY_0: 'a.b',
    GIT_CONFIG_VALUE_0: 'c',
    GIT_CONFIG_KEY_1: 'a.d',
    GIT_CONFIG_VALUE_1: 'e',
    GIT_SSH_COMMAND: 'my-ssh',
  };
  const variables = gitEnvironment([], settings, base);
  t.is(variables.GIT_SSH_COMMAND, 'my-ssh');
  t.is(variables.GIT_CONFIG_KEY_0, 'a.b');
  t.is(variables.GIT_CONFIG_VALUE_1, 'e');
  t.truthy(variables.GIT_CONFIG_KEY_2);
  t.true(Number(variables.GIT_CONFIG_COUNT) > 2);
});

test('the ssh command follows the settings and quotes the key', (t) => {
  const command = (config: Record<string, ConfigValue>): string =>
    gitEnvironment([], repositorySettings(caseConfig(config))).GIT_SSH_COMMAND ?? '';
  t.regex(command({}), /^ssh -oBatchMode=yes -oConnectTimeout=45 -oServerAliveInterval=45$/);
  t.regex(command({ 'agent.git.ssh_key': "/a b/it's" }), / -oIdentitiesOnly=yes -i '\/a b\/it'"'"'s'$/);
  t.regex(command({ 'agent.git.host_keys': 'accept-new' }), /-oStrictHostKeyChecking=accept-new/);
  t.throws(() => command({ 'agent.git.host_keys': 'maybe' }), { code: 'CONFIG_VALUE' });
});

test('tokens of Azure DevOps become headers', (t) => {
  t.is(tokenHeader('azure-pat', 'pat123'), 'Authorization: Basic OnBhdDEyMw==');
  t.is(tokenHeader('entra-token', 'abc'), 'Authorization: Bearer abc');
  const settings = repositorySettings(caseConfig({ ...BOT, 'agent.git_use_ms_entra_token': true }));
  const variables = gitEnvironment(['https://dev.azure.com/o/p/_git/r'], settings);
  const at = Object.entries(variables).find(([, value]) => value === 'Authorization: Bearer tok')?.[0] ?? '';
  t.is(variables[at.replace('VALUE', 'KEY')], 'http.https://dev.azure.com.extraHeader');
});

const REQUIREMENTS: [from: string, config: Record<string, ConfigValue>, to: string][] = [
  ['git+https://me:pw@github.com/o/p.git@v1#egg=p', {}, 'git+https://github.com/o/p.git@v1#egg=p'],
  ['git+ssh://git@github.com/o/p.git@main', {}, 'git+ssh://git@github.com/o/p.git@main'],
  ['git+ssh://git@github.com/o/p.git@main', BOT, 'git+https://github.com/o/p.git@main'],
  ['git+https://github.com/o/p@x#subdirectory=a', FORCED, 'git+ssh://git@github.com/o/p@x#subdirectory=a'],
  ['git+file:///srv/p@main', BOT, 'git+file:///srv/p@main'],
  ['https://example.com/p.whl', BOT, 'https://example.com/p.whl'],
];

for (const [from, config, to] of REQUIREMENTS) {
  test(`requirement ${from} with ${JSON.stringify(config)}`, (t) => {
    t.is(rewriteVcsRequirementUrl(from, repositorySettings(caseConfig(config))), to);
  });
}

test('the repository of a requirement keeps its credentials, for the environment', (t) => {
  t.is(vcsRepository('git+https://me:pw@h/o/p.git@v1#egg=p'), 'https://me:pw@h/o/p.git');
  t.is(vcsRepository('numpy==1.0'), undefined);
});

test('requirements name the repositories that package tools will ask for', (t) => {
  const pip = [
    'numpy',
    'p @ git+ssh://git@h/o/p.git@v1 ; python_version > "3"',
    '-e git+https://me:pw@i/q#egg=q',
  ];
  t.deepEqual(vcsRepositories({ pip, conda: null }), ['ssh://git@h/o/p.git', 'https://me:pw@i/q']);
  t.deepEqual(withoutVcsLogins({ pip, org_pip: 'git+https://ghp_token:x-oauth-basic@i/q@v1', conda: null }), {
    pip: [...pip.slice(0, -1), '-e git+https://i/q#egg=q'],
    org_pip: 'git+https://i/q@v1',
    conda: null,
  });
  const settings = repositorySettings(caseConfig(BOT));
  t.false(Object.values(gitEnvironment([], settings)).includes('credential.helper'));
  const tools = toolGitEnvironment(['https://me:pw-1@h/o/r', 'https://i/q'], settings, {
    CLEARML_AGENT_GIT_PASS: 'pw-2',
  });
  t.false(Object.values(tools).some((value) => value !== undefined && /credential|helper|pw-/.test(value)));
  t.true('CLEARML_AGENT_GIT_PASS' in tools);
});

test('listed hosts get the credentials without a host, and no others do', (t) => {
  const scopes = (hosts: string[], more: Record<string, unknown> = {}) =>
    Object.values(
      gitEnvironment(
        [
          'https://github.com/o/r',
          'https://github.com.evil.example/o/r',
          'https://evil.example/github.com',
          'https://GitHub.com:8443/o',
        ],
        repositorySettings(caseConfig({ ...BOT, 'agent.git.credential_hosts': hosts, ...more })),
      ),
    )
      .filter((value) => /^credential\./.test(value))
      .filter((value, at, all) => all.indexOf(value) === at);
  t.deepEqual(scopes(['github.com']), [
    'credential.https://github.com.helper',
    'credential.https://github.com:8443.helper',
  ]);
  t.deepEqual(scopes(['gitlab.com']), ['credential.https://gitlab.com.helper']);
  t.true(
    scopes(['github.com'], { 'agent.git_host_match_prefix': true }).every((one) => !one.includes('evil')),
  );
  t.is(scopes([]).length, 4);
});

test('entries of credentials that lack a part are left out', (t) => {
  const settings = repositorySettings(
    caseConfig({
      'agent.git.extra_credentials': [
        { user: 'a', host: 'h' },
        { username: 'b', password: 'c', host: 'h' },
        'x',
      ],
    }),
  );
  t.deepEqual(settings.credentials, [{ user: 'b', password: 'c', host: 'h' }]);
});
