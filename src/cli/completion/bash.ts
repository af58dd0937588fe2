import type { CompletionFlag, CompletionModel } from './model.js';

/** A script for bash; `eval "$(agent completion bash)"` or a file that bash-completion loads. */
export function bashScript({ programs, globals, commands }: CompletionModel): string {
  const names = commands.map(({ name }) => name).join(' ');
  return `# bash completion of ${programs.join(' and ')}
_clearml_agent() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" command='' word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case " ${names} " in *" $word "*) command="$word"; break;; esac
  done
  case "$command $previous" in
${[valueCase('', globals), ...commands.map(({ name, flags }) => valueCase(name, flags))].filter((line) => line !== '').join('\n')}
  esac
  local words
  case "$command" in
    '') words='${[names, ...flagWords(globals)].join(' ')}';;
${commands.map(({ name, flags, values }) => `    ${name}) words='${[...values, ...flagWords(flags)].join(' ')}';;`).join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _clearml_agent ${programs.join(' ')}
`;
}

/** Completions of a flag's value: files, or one of its choices. */
function valueCase(command: string, flags: readonly CompletionFlag[]): string {
  return flags
    .filter(({ value }) => value === 'file' || value === 'choice')
    .map((flag) => {
      const patterns = flagWords([flag]).map((name) => `"${command} ${name}"`);
      const words = flag.value === 'file' ? '-f' : `-W '${flag.choices.join(' ')}'`;
      return `    ${patterns.join('|')}) COMPREPLY=($(compgen ${words} -- "$current")); return;;`;
    })
    .join('\n');
}

function flagWords(flags: readonly CompletionFlag[]): string[] {
  return flags.flatMap(({ short, long }) => [short, long].filter((name) => name !== undefined));
}
