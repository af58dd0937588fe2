/** Letters that mean something in one of the formats. */
const MARKS = [...'{}[]()<>:;=,.$#@!?*+-~^|&%/\\"\'`\n\r\t \0\u001b\ufeff\u2028\ud800é€😀'];
const WORDS = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'null',
  'true',
  '-1',
  '1e999',
  '9007199254740993',
  '%',
  '%zz',
  '%00',
  '../',
  '..',
  'file://',
  'ext::',
  '--upload-pack=x',
  '${',
  '${?a}',
  '"""',
  '\\u0041',
  '\r\n',
  '[]',
  '{}',
];
const LONGEST = 8192;

/** Numbers that look random and are the same for the same seed: mulberry32, by Tommy Ettinger (public domain). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** Makes new texts of those in the corpus. */
export class Mutator {
  readonly #random: () => number;
  readonly #corpus: readonly string[];
  readonly #words: readonly string[];

  /** @param words further pieces that the format knows */
  constructor(random: () => number, corpus: readonly string[], words: readonly string[]) {
    this.#random = random;
    this.#corpus = corpus;
    this.#words = [...WORDS, ...words];
  }

  next(): string {
    let text = this.#parent();
    const steps = 1 + this.#below(this.#random() < 0.8 ? 4 : 24);
    for (let step = 0; step < steps; step += 1) text = this.#step(text);
    return text.slice(0, LONGEST);
  }

  /** Texts that were found late have what earlier ones lack. */
  #parent(): string {
    const late = this.#random() < 0.5;
    const from = late ? Math.floor(this.#corpus.length * 0.75) : 0;
    return this.#corpus[from + this.#below(this.#corpus.length - from)] ?? '';
  }

  #step(text: string): string {
    const at = this.#below(text.length + 1);
    const length = this.#random() < 0.7 ? 1 + this.#below(4) : 1 + this.#below(64);
    const [head, piece, tail] = [text.slice(0, at), text.slice(at, at + length), text.slice(at + length)];
    switch (this.#below(9)) {
      case 0:
        return head + tail;
      case 1:
        return head + this.#one(MARKS) + piece + tail;
      case 2:
        return head + this.#one(MARKS) + text.slice(at + 1);
      case 3:
        return head + this.#one(this.#words) + (this.#random() < 0.5 ? piece : '') + tail;
      case 4:
        return head + piece.repeat(2 + this.#below(this.#random() < 0.1 ? 200 : 4)) + tail;
      case 5:
        return head + String.fromCodePoint(this.#below(0x3000)) + piece + tail;
      case 6: {
        const other = this.#one(this.#corpus);
        return head + other.slice(this.#below(other.length + 1));
      }
      case 7: {
        const other = this.#one(this.#corpus);
        const from = this.#below(other.length + 1);
        return head + other.slice(from, from + length * 4) + piece + tail;
      }
      default:
        return head + piece.replace(/\d+/, () => String(this.#below(1000))) + tail;
    }
  }

  #one(list: readonly string[]): string {
    return list[this.#below(list.length)] ?? '';
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }
}
