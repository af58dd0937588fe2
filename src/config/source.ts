/** Where a value comes from. */
export interface ConfigSource {
  kind: 'none' | 'default' | 'file' | 'variable' | 'vault' | 'flag' | 'runtime';
  /** File path, name of the variable, of the vault, of the flag; what set it at run time. */
  name: string;
  /** In a file or a vault text, counted from 1. */
  line?: number;
}

/** The source in the words of messages and of `agent config --sources`. */
export function describeSource(source: ConfigSource): string {
  switch (source.kind) {
    case 'none':
      return 'not set';
    case 'default':
      return 'shipped default';
    case 'file':
      return source.line === undefined ? source.name : `${source.name}:${source.line}`;
    case 'vault':
      return source.line === undefined ? `vault ${source.name}` : `vault ${source.name}, line ${source.line}`;
    case 'variable':
      return `variable ${source.name}`;
    case 'flag':
      return `flag ${source.name}`;
    case 'runtime':
      return source.name;
  }
}
