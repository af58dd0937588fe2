import type { CompletionFlag, CompletionModel } from './model.js';

/** A script for fish; `agent completion fish > ~/.config/fish/completions/agent.fish`. */
export function fishScript({ programs, globals, commands }: CompletionModel): string {
  const lines = programs.flatMap((program) => [
    `complete -c ${program} -f`,
    ...globals.map((flag) => `complete -c ${program} -n __fish_use_subcommand ${spec(flag)}`),
    ...commands.flatMap(({ name, summary, flags, values }) => {
      const inside = `complete -c ${program} -n '__fish_seen_subcommand_from ${name}'`;
      return [
        `complete -c ${program} -n __fish_use_subcommand -a ${name} -d ${quote(summary)}`,
        ...(values.length > 0 ? [`${inside} -a ${quote(values.join(' '))}`] : []),
        ...flags.map((flag) => `${inside} ${spec(flag)}`),
      ];
    }),
  ]);
  return `# fish completion of ${programs.join(' and ')}\n${lines.join('\n')}\n`;
}

function spec({ short, long, help, value, choices }: CompletionFlag): string {
  const argument = { none: '', text: ' -x', file: ' -r -F', choice: ` -x -a ${quote(choices.join(' '))}` }[
    value
  ];
  const names = [short && `-s ${short.slice(1)}`, long && `-l ${long.slice(2)}`]
    .filter((name) => name)
    .join(' ');
  return `${names}${argument} -d ${quote(help)}`;
}

function quote(text: string): string {
  return `'${text.replace(/['\\]/g, '\\$&')}'`;
}
