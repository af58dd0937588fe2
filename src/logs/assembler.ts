/** Text of the stream, with the position in the source after which reading may begin again. */
export interface Piece {
  text: string;
  position: number;
}

export interface AssemblerOptions {
  /** True keeps of a line only what follows its last carriage return, false makes each one a line end. */
  overwrite: boolean;
  /** The text that came before, in an earlier run, had no line end. */
  open?: boolean;
  /** Bytes of a line that may be held back; a longer line comes in several pieces. */
  maxHeld?: number;
  /**
   * How many characters at the end of a text are to stay back when the rest goes. For a text that ends with a line feed, any
   * number keeps its last line back.
   */
  keep?(text: string): number;
}

const MAX_HELD = 65_536;
const LINE_FEED = 0x0a;
const RETURN = 0x0d;

/**
 * Makes lines of raw output. However the bytes are cut, the lines are the same: characters are put together
 * again, invalid bytes become U+FFFD, a line counts when its end has come. What is left of a line can be asked
 * for with `flush`; its rest then continues the text.
 */
export class LineAssembler {
  readonly #overwrite: boolean;
  readonly #maxHeld: number;
  readonly #keep: (text: string) => number;
  #held: Buffer[] = [];
  #heldBytes = 0;
  #position = 0;
  #open: boolean;

  constructor({ overwrite, open = false, maxHeld = MAX_HELD, keep = () => 0 }: AssemblerOptions) {
    this.#overwrite = overwrite;
    this.#keep = keep;
    this.#maxHeld = maxHeld;
    this.#open = open;
  }

  /** What is held back: a text such as a prompt, or the state of a line that is written over and over. */
  get pending(): 'nothing' | 'text' | 'state' {
    if (this.#heldBytes === 0) return 'nothing';
    return this.#held.some((part) => part.includes(RETURN)) ? 'state' : 'text';
  }

  /** @param position the source's position after `data`, counted in bytes */
  push(data: Uint8Array, position: number): Piece | undefined {
    const end = this.#endOfLines(data);
    if (end === 0) {
      this.#hold(Buffer.from(data), position);
      return this.#heldBytes > this.#maxHeld ? this.#shorten() : undefined;
    }
    const head = Buffer.from(data.buffer, data.byteOffset, end);
    const lines = this.#heldBytes === 0 ? head : Buffer.concat([this.#take(), head]);
    // A copy, because what the bytes are a part of may be large or used again.
    this.#hold(Buffer.from(data.subarray(end)), position);
    return this.#lines(lines, position - this.#heldBytes);
  }

  /** Where the lines that may go end in `data`; 0 where there is none. */
  #endOfLines(data: Uint8Array): number {
    const end = data.lastIndexOf(LINE_FEED) + 1;
    if (end === 0) return 0;
    const before = end < 2 ? 0 : data.lastIndexOf(LINE_FEED, end - 2) + 1;
    const held = before === 0 ? this.#held : [];
    const last = Buffer.concat([...held, data.subarray(before, end)]);
    return this.#keep(last.toString('utf8')) > 0 ? before : end;
  }

  /** What is held, without waiting for the line's end. A character that is not complete stays. */
  flush(): Piece | undefined {
    const bytes = this.#take();
    const whole = bytes.subarray(0, bytes.length - incompleteTail(bytes));
    const decoded = whole.toString('utf8');
    // A last return stays until it is known whether a line feed follows.
    const kept = Math.max(this.#keep(decoded), decoded.endsWith('\r') ? 1 : 0);
    const sent = whole.length - Buffer.byteLength(decoded.slice(decoded.length - kept));
    const text = this.#render(decoded.slice(0, decoded.length - kept), false);
    if (text === '') {
      this.#hold(bytes, this.#position);
      return undefined;
    }
    this.#hold(Buffer.from(bytes.subarray(sent)), this.#position);
    this.#open = true;
    return { text, position: this.#position - this.#heldBytes };
  }

  /** The rest, as a line of its own; a line that was flushed before gets its end. */
  end(): Piece | undefined {
    if (this.#heldBytes === 0 && !this.#open) return undefined;
    return this.#lines(Buffer.concat([this.#take(), Buffer.of(LINE_FEED)]), this.#position);
  }

  /** Says that other text comes next. True when the line that was flushed last has to be ended for that. */
  cut(): boolean {
    const open = this.#open;
    this.#open = false;
    return open;
  }

  /** Sends what is too long to hold; of a run of returns without text one is enough. */
  #shorten(): Piece | undefined {
    const piece = this.flush();
    if (piece === undefined) this.#hold(Buffer.from(this.#take().subarray(-1)), this.#position);
    return piece;
  }

  #hold(part: Buffer, position: number): void {
    this.#position = position;
    if (part.length === 0) return;
    this.#held.push(part);
    this.#heldBytes += part.length;
  }

  #take(): Buffer {
    const bytes = Buffer.concat(this.#held);
    this.#held = [];
    this.#heldBytes = 0;
    return bytes;
  }

  /** `bytes` end with a line feed. */
  #lines(bytes: Buffer, position: number): Piece {
    const text = `${this.#render(bytes.toString('utf8', 0, bytes.length - 1), true)}\n`;
    this.#open = false;
    return { text, position };
  }

  /** `ended`: a line feed follows the text. */
  #render(text: string, ended: boolean): string {
    if (!text.includes('\r')) return text;
    if (!this.#overwrite) {
      const whole = ended ? text.replace(/\r$/, '') : text;
      return whole.replaceAll('\r\n', '\n').replaceAll('\r', '\n');
    }
    return text
      .split('\n')
      .map((line, index) => lastState(line, index === 0 && this.#open))
      .join('\n');
  }
}

/** What a terminal shows last. `continued`: the line began in an earlier piece, so its new state gets a line. */
function lastState(line: string, continued: boolean): string {
  const [first = '', ...states] = line.split('\r');
  const last = states.findLast((state) => state !== '');
  if (last === undefined) return first;
  return continued ? `\n${last}` : last;
}

/** Bytes at the end that begin a UTF-8 character but do not complete it. */
function incompleteTail(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    return characterLength(byte) > back ? back : 0;
  }
  return 0;
}

/** Bytes of the character that a byte begins; 1 for one that begins none. */
function characterLength(first: number): number {
  if (first >= 0xf0 && first <= 0xf4) return 4;
  if (first >= 0xe0 && first < 0xf0) return 3;
  return first >= 0xc2 && first < 0xe0 ? 2 : 1;
}
