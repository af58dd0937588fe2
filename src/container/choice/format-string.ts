/**
 * Fills a format text such as `task-{task_id:.8}-{rand_string}`: names in braces, each with an optional
 * format after a colon (fill, alignment, width, precision, as Python writes them); doubled braces are braces.
 *
 * @throws RangeError for an unknown name, a format that texts do not have, or unbalanced braces
 */
export function fillFormat(format: string, values: Readonly<Record<string, string>>): string {
  const pieces = /\{\{|\}\}|\{([^{}:!]*)(?:!s)?(?::([^{}]*))?\}|[{}]|[^{}]+/g;
  return format.replace(pieces, (piece, name?: string, spec?: string) => {
    if (piece === '{{' || piece === '}}') return piece.charAt(0);
    if (name === undefined) {
      if (piece === '{' || piece === '}') throw new RangeError(`a single "${piece}"`);
      return piece;
    }
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined) throw new RangeError(`no field "${name}"`);
    return applySpec(value, spec ?? '');
  });
}

/** `[[fill]align][0][width][.precision][s]`, for texts. */
function applySpec(value: string, spec: string): string {
  const match = /^(?:(.)?([<>^]))?(0)?(\d+)?(?:\.(\d+))?s?$/su.exec(spec);
  if (match === null) throw new RangeError(`the format "${spec}" does not fit a text`);
  const [, fillLetter, align = '<', zero, width = '0', precision] = match;
  const fill = fillLetter ?? zero ?? ' ';
  const letters = [...value].slice(0, precision === undefined ? undefined : Number(precision));
  const missing = Math.max(0, Number(width) - letters.length);
  const before = align === '>' ? missing : align === '^' ? Math.floor(missing / 2) : 0;
  return fill.repeat(before) + letters.join('') + fill.repeat(missing - before);
}
