import { ownMember } from '../../os/own-member.js';
import { type RunOption, wrongValue } from './option.js';
import { hostFlag, requestFlag, requestText } from './plain-options.js';
import type { RequestDraft } from './request-draft.js';
import { keyAndValue } from './values.js';
import { readVariableFile } from './variable-file.js';

/** What runs in the container: command, user, environment, terminal, names. */
export const PROCESS_OPTIONS: readonly RunOption[] = [
  {
    name: 'entrypoint',
    takes: 'value',
    apply: ({ request }, { value }) => {
      request.Entrypoint = [value];
    },
  },
  requestText('workdir', 'WorkingDir', { short: 'w' }),
  requestText('user', 'User', { short: 'u' }),
  requestText('hostname', 'Hostname', { short: 'h' }),
  requestText('domainname', 'Domainname'),
  {
    name: 'env',
    short: 'e',
    takes: 'value',
    apply: ({ request, sources }, given) => {
      const { value } = given;
      const [name] = keyAndValue(value);
      if (name === '' || /\s/.test(name)) throw wrongValue(given, 'NAME=value or NAME');
      const known = value.includes('=') ? undefined : ownMember(sources.env, name);
      request.Env = [...(request.Env ?? []), known === undefined ? value : `${name}=${known}`];
    },
  },
  {
    name: 'env-file',
    takes: 'value',
    apply: ({ fileVariables, sources }, given) => {
      fileVariables.push(...readVariableFile(given, sources, sources.env));
    },
  },
  {
    name: 'label',
    short: 'l',
    takes: 'value',
    apply: ({ request }, given) => {
      const [name, value] = keyAndValue(given.value);
      if (name === '') throw wrongValue(given, 'NAME=value or NAME');
      request.Labels = { ...request.Labels, [name]: value };
    },
  },
  {
    name: 'label-file',
    takes: 'value',
    apply: ({ fileLabels, sources }, given) => {
      for (const line of readVariableFile(given, sources, {})) {
        const [name, value] = keyAndValue(line);
        fileLabels[name] = value;
      }
    },
  },
  {
    name: 'annotation',
    takes: 'value',
    since: '1.43',
    apply: ({ host }, given) => {
      const [name, value] = keyAndValue(given.value);
      host.Annotations = { ...host.Annotations, [name]: value };
    },
  },
  requestText('name', 'name'),
  requestFlag('tty', 'Tty', 't'),
  requestFlag('interactive', 'OpenStdin', 'i'),
  {
    name: 'attach',
    short: 'a',
    takes: 'value',
    apply: ({ attached }, given) => {
      const stream = given.value.toLowerCase();
      if (!['stdin', 'stdout', 'stderr'].includes(stream)) throw wrongValue(given, 'stdin, stdout or stderr');
      attached.push(stream);
    },
  },
  hostFlag('init', 'Init'),
  {
    name: 'umask',
    takes: 'value',
    since: '1.56',
    apply: ({ host }, given) => {
      if (!/^[0-7]+$/.test(given.value)) throw wrongValue(given, 'an octal number such as 0022');
      host.Umask = Number.parseInt(given.value, 8);
    },
  },
];

/** Settles what depends on more than one of these options. */
export function finishProcess(draft: RequestDraft): void {
  const { request, fileVariables, fileLabels, attached } = draft;
  if (fileVariables.length > 0) request.Env = [...fileVariables, ...(request.Env ?? [])];
  if (Object.keys(fileLabels).length > 0) request.Labels = { ...fileLabels, ...request.Labels };
  if (request.name === '') delete request.name;
  const streams = attached.length > 0 ? new Set(attached) : new Set(['stdout', 'stderr']);
  if (attached.length === 0 && request.OpenStdin === true) streams.add('stdin');
  request.AttachStdin = streams.has('stdin');
  request.AttachStdout = streams.has('stdout');
  request.AttachStderr = streams.has('stderr');
  if (request.OpenStdin === true && request.AttachStdin) request.StdinOnce = true;
}
