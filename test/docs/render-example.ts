import type { Option } from '../../src/config/options/option.js';
import { type OptionSection, ownValue } from '../../src/config/options/option-table.js';
import { hoconText } from './hocon-text.js';

const INTRODUCTION = `# Configuration of the ClearML agent, with every key that it acts on.
#
# Copy this file to ~/clearml.conf, keep it from other users (chmod 600 ~/clearml.conf) and fill in the section
# "api". A line that begins with "#" and a key shows the default, or an example where there is none: take the
# "#" away to change it. A file with nothing but the section "api" is complete.
#
# Any key can also be given as a variable: CLEARML_AGENT__AGENT__GIT_USER=bot sets agent.git_user. Texts with
# letters such as @ ! # $ need quotes. "agent config --sources" shows what is in force and where it comes from.
`;

const LAST_SECTIONS = `
# Variables for the agent and for the tasks that it starts outside containers.
environment {
    #HTTP_PROXY: "http://proxy.example.com:3128"
}

# Files that are written before the first task is taken.
files {
    #pip { path: "~/.config/pip/pip.conf", contents: "[global]\\ntimeout = 60\\n", mode: "600" }
}
`;

/** Keys that a first configuration fills in; they are not commented out. */
const FIRST: ReadonlySet<string> = new Set([
  'api.api_server',
  'api.web_server',
  'api.files_server',
  'api.credentials.access_key',
  'api.credentials.secret_key',
]);

/** The example file: the keys that have an effect, in the order of the table. */
export function renderExample(sections: readonly OptionSection[]): string {
  const lines = sections.flatMap(({ title, options }) => chapter(title, options.filter(hasEffect)));
  return `${INTRODUCTION}${lines.join('\n')}\n${LAST_SECTIONS}`;
}

function hasEffect(option: Option): boolean {
  return 'consumedBy' in option;
}

/** One chapter as nested sections; a section is opened again where the table comes back to it. */
function chapter(title: string, options: readonly Option[]): string[] {
  if (options.length === 0) return [];
  const lines = ['', `# ${'-'.repeat(4)} ${title} ${'-'.repeat(Math.max(4, 90 - title.length))}`];
  let open: string[] = [];
  for (const option of options) {
    const path = option.key.split('.').slice(0, -1);
    const shared = path.findIndex((part, i) => part !== open[i]);
    const kept = shared === -1 ? path.length : shared;
    lines.push(...closing(open, kept));
    lines.push(...path.slice(kept).map((part, i) => `${indent(kept + i)}${part} {`));
    open = path;
    lines.push(...entry(option, indent(path.length)));
  }
  return [...lines, ...closing(open, 0)];
}

function closing(open: readonly string[], kept: number): string[] {
  return open.slice(kept).map((_, i) => `${indent(open.length - 1 - i)}}`);
}

function entry(option: Option, space: string): string[] {
  const name = option.key.split('.').at(-1) ?? '';
  const setting = `${name}: ${example(option)}`.split('\n');
  const mark = FIRST.has(option.key) ? '' : '#';
  return [
    ...comment(option).map((line) => `${space}# ${line}`),
    ...setting.map((line) => space + line.replace(/^ */, (own) => own + mark)),
  ];
}

function comment(option: Option): string[] {
  const { help, otherwise, choices, variables = [], flag } = option;
  const given = [
    ...variables.filter((name) => !name.startsWith('TRAINS_')),
    ...(flag === undefined ? [] : [flag]),
  ];
  return [
    help,
    ...(otherwise === undefined ? [] : [`When it is not set: ${otherwise}.`]),
    ...(choices === undefined ? [] : [`One of: ${choices.join(', ')}.`]),
    ...(given.length === 0 ? [] : [`Also: ${given.join(', ')}.`]),
  ];
}

function example(option: Option): string {
  const value = option.shipped ?? option.fallback;
  const isEmpty = value === undefined || value === '' || (Array.isArray(value) && value.length === 0);
  if (isEmpty && option.example !== undefined) return option.example;
  return value === undefined ? '""' : hoconText(ownValue(value));
}

function indent(depth: number): string {
  return '    '.repeat(depth);
}
