/** From `start` to before `end`, in UTF-16 units. */
export interface TextRange {
  start: number;
  end: number;
}

const HASH_BITS = 18;
/** Of a table that is empty or nearly so. */
const LEAST_BITS = 10;
/** Fields of a table for each block that is entered: an entry that is met by chance shortens a jump. */
const FIELDS_PER_BLOCK = 16;
const BLOCK = 3;

/**
 * Finds any of many texts, by the algorithm of Wu and Manber ("A fast algorithm for multi-pattern searching", 1994): a
 * table says, for three units of the text, how far the search may jump. Its speed hardly depends on the number of texts. The tables
 * are as large as the texts need: each of a thousand runs has its own.
 */
export class TextSearch {
  /** The texts in order, for look-ups by their beginning. */
  readonly #sorted: readonly string[];
  readonly longest: number;
  readonly #window: number;
  /** How far to jump, by the hash of a block. */
  readonly #jumps: Uint8Array;
  /** By the hash of the block that ends the window: the texts, longest first. */
  readonly #candidates = new Map<number, string[]>();
  /** Hashes of all blocks of all texts, wherever in them: a bit each. */
  readonly #blocks: Uint8Array;

  /** @param texts of at least three units each */
  constructor(texts: Iterable<string>) {
    this.#sorted = [...new Set(texts)].sort();
    const lengths = this.#sorted.map(({ length }) => length);
    this.longest = lengths.reduce((most, length) => Math.max(most, length), 0);
    this.#window = lengths.reduce((least, length) => Math.min(least, length), 255);
    const farthest = this.#window - BLOCK + 1;
    const blocks = lengths.reduce((sum, length) => sum + length, 0);
    this.#jumps = new Uint8Array(tableSize(lengths.length * this.#window)).fill(Math.max(farthest, 1));
    this.#blocks = new Uint8Array(tableSize(blocks) >> 3);
    for (const text of this.#sorted) this.#enter(text);
    for (const list of this.#candidates.values()) list.sort((a, b) => b.length - a.length);
  }

  #enter(text: string): void {
    for (let at = 0; at + BLOCK <= text.length; at += 1) {
      const hash = blockHash(text, at);
      const bit = hash & (8 * this.#blocks.length - 1);
      this.#blocks[bit >> 3] = (this.#blocks[bit >> 3] ?? 0) | (1 << (bit & 7));
      const jump = this.#window - BLOCK - at;
      const field = hash & (this.#jumps.length - 1);
      if (jump >= 0) this.#jumps[field] = Math.min(this.#jumps[field] ?? jump, jump);
      if (jump !== 0) continue;
      const list = this.#candidates.get(hash);
      if (list) list.push(text);
      else this.#candidates.set(hash, [text]);
    }
  }

  /** Where the texts are, in order; overlapping ones are one range. */
  find(text: string): TextRange[] {
    const found: TextRange[] = [];
    if (this.#sorted.length === 0) return found;
    const jumps = this.#jumps;
    const field = jumps.length - 1;
    const last = text.length - BLOCK;
    let at = this.#window - BLOCK;
    while (at <= last) {
      const jump = jumps[blockHash(text, at) & field] ?? 1;
      if (jump > 0) {
        at += jump;
        continue;
      }
      const start = at - this.#window + BLOCK;
      const hit = this.#candidates.get(blockHash(text, at))?.find((one) => text.startsWith(one, start));
      if (hit !== undefined) join(found, { start, end: start + hit.length });
      at += 1;
    }
    return found;
  }

  /** False where no text can lie across the border before `at`, skipping `gap` units there. */
  mayCross(text: string, at: number, gap: number): boolean {
    const joined = text.slice(Math.max(at - BLOCK, 0), at) + text.slice(at + gap, at + gap + BLOCK);
    for (let start = 1; start + BLOCK <= joined.length - 1; start += 1)
      if (!this.#hasBlock(joined, start)) return false;
    return true;
  }

  #hasBlock(text: string, at: number): boolean {
    const bit = blockHash(text, at) & (8 * this.#blocks.length - 1);
    return ((this.#blocks[bit >> 3] ?? 0) & (1 << (bit & 7))) !== 0;
  }

  /** Length of the longest end of `text` that begins one of the texts without being all of it. */
  begun(text: string): number {
    for (let length = Math.min(this.longest - 1, text.length); length > 0; length -= 1)
      if (this.#begins(text.slice(text.length - length))) return length;
    return 0;
  }

  #begins(prefix: string): boolean {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#sorted[middle] ?? '') <= prefix) low = middle + 1;
      else high = middle;
    }
    return this.#sorted[low]?.startsWith(prefix) ?? false;
  }
}

function join(ranges: TextRange[], next: TextRange): void {
  const last = ranges.at(-1);
  if (last === undefined || next.start >= last.end) ranges.push(next);
  else last.end = Math.max(last.end, next.end);
}

/** A power of two. */
function tableSize(blocks: number): number {
  const bits = Math.ceil(Math.log2(Math.max(FIELDS_PER_BLOCK * blocks, 1)));
  return 1 << Math.min(Math.max(bits, LEAST_BITS), HASH_BITS);
}

/** Multiplied as Fibonacci hashing does, so that the low bits of blocks of letters spread over a small table, too. */
function blockHash(text: string, at: number): number {
  const units = (text.charCodeAt(at) << 12) ^ (text.charCodeAt(at + 1) << 6) ^ text.charCodeAt(at + 2);
  return Math.imul(units, 0x9e3779b1) >>> (32 - HASH_BITS);
}
