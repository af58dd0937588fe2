/** Shorter texts, and plain words and numbers up to `LONGEST_WORD`, are too likely to stand in ordinary text. */
const SHORTEST_SECRET = 6;
const LONGEST_WORD = 8;
/** Shorter parts of encoded forms are left alone for the same reason. */
const SHORTEST_ENCODED = 8;

const PLAIN_WORD = /^(?:[A-Z]?[a-z]+|[A-Z]+|\d+)$/;

/** Each line of a secret of several lines, such as a private key, is a secret of its own. */
export function secretLines(secret: string): string[] {
  const lines = secret.split(/\r?\n/).map((line) => line.trim());
  return lines.filter((line) => line !== '');
}

/**
 * False for a secret that is masked only where a value is expected (`password=admin`): anywhere else it is a word.
 *
 * @param isPart it is a line of a longer secret, so not a word that a person chose
 */
export function isDistinct(secret: string, isPart = false): boolean {
  if (secret.length < SHORTEST_SECRET) return false;
  return isPart || secret.length > LONGEST_WORD || !PLAIN_WORD.test(secret);
}

/**
 * A secret as programs may print it: plain, in JSON and Python literals, quoted for a shell, in addresses and HTML, in hex
 * and base64.
 */
export function formsOf(secret: string): ReadonlySet<string> {
  const json = JSON.stringify(secret).slice(1, -1);
  const written = [secret, json, ...escapedForms(json), ...literalForms(secret), ...percentForms(secret)];
  return new Set([...written, ...markupForms(secret), ...encodedForms(secret)]);
}

const unicodeEscape = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** What JSON writers escape beyond what they must: non-ASCII (Python), `<>&` (Go), `/` (PHP); and JSON within JSON. */
function escapedForms(json: string): string[] {
  const ascii = json.replace(/[\u007f-\uffff]/g, unicodeEscape);
  return [
    ascii,
    ascii.replace(/\\u[\da-f]{4}/g, (code) => `\\u${code.slice(2).toUpperCase()}`),
    json.replace(/[<>&]/g, unicodeEscape),
    ascii.replaceAll('/', '\\/'),
    JSON.stringify(json).slice(1, -1),
    JSON.stringify(ascii).slice(1, -1),
  ];
}

/** Python's repr of text and bytes, and the ways of a shell to quote. */
function literalForms(secret: string): string[] {
  const repr = secret.replace(/[\\']/g, '\\$&');
  const bytes = Buffer.from(repr).toString('latin1');
  return [
    secret.replaceAll('\\', '\\\\'),
    repr,
    bytes.replace(/[\x7f-\xff]/g, (unit) => `\\x${unit.charCodeAt(0).toString(16)}`),
    secret.replaceAll("'", `'\\''`),
    secret.replaceAll("'", `'"'"'`),
    secret.replace(/[\\"$`]/g, '\\$&'),
  ];
}

const percentEscape = (unit: string) => `%${unit.charCodeAt(0).toString(16).toUpperCase()}`;

/** As JavaScript, Python (`quote` keeps `/`) and forms (a blank is `+`) write it in addresses; hex digits of both cases. */
function percentForms(secret: string): string[] {
  const whole = Buffer.from(secret).toString();
  const component = encodeURIComponent(whole);
  const strict = component.replace(/[!'()*]/g, percentEscape);
  const forms = [
    component,
    strict,
    strict.replaceAll('%2F', '/'),
    strict.replaceAll('%20', '+'),
    encodeURI(whole),
  ];
  return forms.flatMap((form) => [form, form.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())]);
}

function markupForms(secret: string): string[] {
  const html = secret
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
  return ["'", '&#39;', '&#x27;'].map((quote) => html.replaceAll("'", quote));
}

/**
 * Hex and base64. Base64 of a text that contains the secret looks one of three ways, by where the secret begins in a group
 * of three bytes; characters at the borders, which depend on the neighbours, are left out.
 */
function encodedForms(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const hex = bytes.toString('hex');
  const base64 = [0, 1, 2].flatMap((lead) => {
    const whole = Math.floor((lead + bytes.length) / 3) * 4;
    const text = Buffer.concat([Buffer.alloc(lead), bytes]).toString('base64');
    const inner = text.slice(lead === 0 ? 0 : 4, whole);
    return [inner, inner.replaceAll('+', '-').replaceAll('/', '_')];
  });
  return [hex, hex.toUpperCase(), ...base64].filter((form) => form.length >= SHORTEST_ENCODED);
}
