const PATH = String.raw`(?:\.\w+)*`;

/**
 * The keys and sections of the configuration that a source reads, as `agent.killGraceSec`: by their path, through a
 * constant that holds a section, or by destructuring one.
 */
export function typedReads(source: string): Set<string> {
  const text = source.replace(/\s*\n\s*\./g, '.');
  const reads = new Set<string>();
  const sections = new Map<string, string>();
  for (const [, names = ''] of text.matchAll(/\{([\w\s,]*)\}: Config\b/g)) {
    for (const name of names.match(/\b(?:agent|api|sdk)\b/g) ?? []) sections.set(name, name);
  }
  const note = (found: string, bound?: string) => {
    reads.add(found);
    if (bound !== undefined) sections.set(bound, found);
  };
  for (const [, found = ''] of text.matchAll(
    new RegExp(String.raw`[cC]onfig\.((?:agent|api|sdk)${PATH})`, 'g'),
  ))
    note(found);
  // In the order of the text, so that a section may be taken from one that was taken before.
  for (const [, bound = '', from = ''] of text.matchAll(/const (\w+|\{[^=]*\}) = ([\w.]+)/g)) {
    const found = pathOf(from, sections);
    if (found === undefined) continue;
    if (bound.startsWith('{')) for (const [path, name] of members(bound)) note(`${found}.${path}`, name);
    else note(found, bound);
  }
  for (const [name, path] of sections) {
    for (const [, rest = ''] of text.matchAll(new RegExp(String.raw`(?<![\w.])${name}((?:\.\w+)+)`, 'g')))
      reads.add(path + rest);
  }
  return reads;
}

/** The path of a section or key that an expression names. */
function pathOf(expression: string, sections: ReadonlyMap<string, string>): string | undefined {
  const [, direct] = /[cC]onfig\.((?:agent|api|sdk)(?:\.\w+)*)$/.exec(expression) ?? [];
  const [first = '', ...rest] = expression.split('.');
  const known = sections.get(first);
  return direct ?? (known === undefined ? undefined : [known, ...rest].join('.'));
}

/** The members of a destructuring pattern, nested ones too, with the names that they get. */
function members(pattern: string): [path: string, name: string][] {
  const found: [string, string][] = [];
  const above: string[] = [];
  for (const [, member, isOpen, name, isClosed] of pattern
    .slice(1)
    .matchAll(/(\w+)(?::\s*(?:(\{)|(\w+)))?|(\})/g)) {
    if (isClosed) above.pop();
    else if (isOpen) above.push(member ?? '');
    else found.push([[...above, member].join('.'), name ?? member ?? '']);
  }
  return found;
}
