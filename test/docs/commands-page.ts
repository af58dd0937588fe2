import { type Command, type Flag, isOffered } from '../../src/cli/command.js';

/** The text of docs/commands.md. */
export function commandsPage(commands: readonly Command[]): string {
  return `# Commands

\`agent\` and \`clearml-agent\` are the same program. Flags before the command are \`--config-file <path>\` (another
configuration file), \`-d, --debug\` (every call to the server is logged, errors show where they come from) and
\`--version\`; every command has \`--help\`.
A long flag may be shortened to an unambiguous prefix. If a flag is repeated, the last one applies. A word \`@file\`
is replaced by the lines of that file. Exit statuses are on the page about [errors](errors.md).

| command | |
| --- | --- |
${commands.map(({ name, summary }) => `| [\`${name}\`](#agent-${name}) | ${cell(summary)} |`).join('\n')}

${commands.map(section).join('\n\n')}
`;
}

function section({
  name,
  summary,
  positionals = [],
  positionalChoices,
  flags,
  examples = [],
}: Command): string {
  const usage = ['agent', name, ...positionals].join(' ');
  const groups = [...new Set(flags.filter(isOffered).map(({ group }) => group))];
  return [
    `## agent ${name}`,
    `${summary}.`,
    ...(positionals.length > 0 ? [`\`${usage}\`${values(positionalChoices)}`] : []),
    ...groups.flatMap((group) => [
      ...(group === undefined ? [] : [`**${group}**`]),
      table(flags.filter((flag) => isOffered(flag) && flag.group === group)),
    ]),
    ...(examples.length > 0 ? [`\`\`\`\n${examples.join('\n')}\n\`\`\``] : []),
  ].join('\n\n');
}

function values(choices: readonly string[] | undefined): string {
  return choices === undefined ? '' : `, first word: ${choices.map((choice) => `\`${choice}\``).join(', ')}`;
}

function table(flags: readonly Flag[]): string {
  const rows = flags.map(({ flags: names, help, default: fallback, env, choices }) => {
    const notes = [
      help,
      ...(choices === undefined ? [] : [`one of ${choices.join(', ')}`]),
      ...(fallback === undefined ? [] : [`default: ${fallback}`]),
    ];
    return `| \`${names}\` | ${cell(notes.join('; '))} | ${env === undefined ? '' : `\`${env}\``} |`;
  });
  return ['| flag | | variable |', '| --- | --- | --- |', ...rows].join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '\\<');
}
