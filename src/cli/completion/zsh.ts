import type { CompletionFlag, CompletionModel } from './model.js';

/** A script for zsh: a file called `_agent` in a folder of `$fpath`, or `eval "$(agent completion zsh)"`. */
export function zshScript({ programs, globals, commands }: CompletionModel): string {
  return `#compdef ${programs.join(' ')}
_clearml_agent() {
  local context state state_descr line
  typeset -A opt_args
  local -a commands=(
${commands.map(({ name, summary }) => `    ${quote(`${name}:${summary}`)}`).join('\n')}
  )
  _arguments -C ${globals.flatMap(specs).join(' ')} '1:command:->command' '*::argument:->arguments'
  case $state in
    command) _describe command commands;;
    arguments)
      case $words[1] in
${commands.map(({ name, flags, values }) => `        ${name}) _arguments ${[...flags.flatMap(specs), positional(values)].join(' ')};;`).join('\n')}
      esac;;
  esac
}
if [[ $funcstack[1] == _clearml_agent ]]; then _clearml_agent "$@"; else compdef _clearml_agent ${programs.join(' ')}; fi
`;
}

function specs(flag: CompletionFlag): string[] {
  const help = flag.help.replace(/[[\]:\\]/g, '\\$&');
  const value = {
    none: '',
    file: ':file:_files',
    text: ':value: ',
    choice: `:value:(${flag.choices.join(' ')})`,
  }[flag.value];
  return [flag.short, flag.long]
    .filter((name) => name !== undefined)
    .map((name) => quote(`${name}[${help}]${value}`));
}

function positional(values: readonly string[]): string {
  return values.length > 0 ? quote(`1:value:(${values.join(' ')})`) : quote('*: :');
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
