/** What is shown in the place of a secret. */
const MASK = '********';
/** Shorter texts are too likely to be a part of ordinary words. */
const SHORTEST_SECRET = 4;
/** Shorter parts of encoded forms are left alone for the same reason. */
const SHORTEST_ENCODED = 8;
/** An address that is not complete is held back only up to this many characters. */
const LONGEST_OPEN_ADDRESS = 512;

/** Removes registered secrets, also in encoded forms, and passwords in addresses from text that leaves the agent. */
export class Redactor {
  readonly #forms = new Set<string>();
  #pattern: RegExp | undefined;

  constructor(secrets: Iterable<string | undefined> = []) {
    this.add(...secrets);
  }

  /** Every line of a secret of several lines, such as a private key, counts as a secret of its own. */
  add(...secrets: readonly (string | undefined)[]): void {
    for (const secret of secrets) {
      for (const line of (secret ?? '').split(/\r?\n/).map((one) => one.trim())) {
        if (line.length >= SHORTEST_SECRET) for (const form of formsOf(line)) this.#forms.add(form);
      }
    }
    this.#pattern = patternFor(this.#forms);
  }

  redact(text: string): string {
    const plain = this.#pattern === undefined ? text : text.replace(this.#pattern, MASK);
    return plain.includes('://') ? plain.replace(/(:\/\/[^\s:/@]*:)[^\s/@]+(?=@)/g, `$1${MASK}`) : plain;
  }

  /**
   * How many characters at the end of an unfinished text may be the beginning of a secret, whose rest is still
   * to come.
   */
  unfinished(text: string): number {
    let most = openAddress(text);
    for (const form of this.#forms) {
      for (let length = Math.min(form.length - 1, text.length); length > most; length -= 1) {
        if (text.endsWith(form.slice(0, length))) most = length;
      }
    }
    return most;
  }
}

/** The secret as it may appear in addresses, JSON texts and headers. */
function formsOf(secret: string): Set<string> {
  const percent = encodeURIComponent(Buffer.from(secret).toString());
  return new Set([
    secret,
    percent,
    percent.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
    JSON.stringify(secret).slice(1, -1),
    ...base64Forms(secret),
  ]);
}

/**
 * Base64 of a text that contains the secret looks one of three ways, by where the secret begins in a group of
 * three bytes; characters at the borders, which depend on the neighbours, are left out.
 */
function base64Forms(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const forms = [0, 1, 2].flatMap((lead) => {
    const whole = Math.floor((lead + bytes.length) / 3) * 4;
    const text = Buffer.concat([Buffer.alloc(lead), bytes]).toString('base64');
    const inner = text.slice(lead === 0 ? 0 : 4, whole);
    return [inner, inner.replaceAll('+', '-').replaceAll('/', '_')];
  });
  return forms.filter((form) => form.length >= SHORTEST_ENCODED);
}

function patternFor(forms: ReadonlySet<string>): RegExp | undefined {
  if (forms.size === 0) return undefined;
  // Longer forms first, so that a secret which contains another is removed as a whole.
  const sorted = [...forms].sort((a, b) => b.length - a.length);
  return new RegExp(sorted.map((form) => form.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&')).join('|'), 'g');
}

/** Characters from the last `://`, or its beginning, of a text that ends where a password may still come. */
function openAddress(text: string): number {
  const start = text.lastIndexOf('://');
  const isOpen = start >= 0 && !/[\s/@]/.test(text.slice(start + 3, start + LONGEST_OPEN_ADDRESS));
  if (isOpen && text.length - start < LONGEST_OPEN_ADDRESS) return text.length - start;
  return /:\/?$/.exec(text.slice(-2))?.[0].length ?? 0;
}
