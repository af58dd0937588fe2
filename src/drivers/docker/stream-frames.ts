export interface StreamFrame {
  data: Uint8Array;
  stream: 'stdout' | 'stderr';
}

const HEADER_BYTES = 8;

/**
 * Takes apart the engine's stream of a container or command without a terminal: each piece has a header of
 * one byte for the stream, three of nothing and four for the length.
 */
export async function* demultiplex(source: AsyncIterable<unknown>): AsyncGenerator<StreamFrame> {
  let rest = Buffer.alloc(0);
  for await (const chunk of source) {
    if (!(chunk instanceof Uint8Array)) continue;
    rest = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
    while (rest.length >= HEADER_BYTES) {
      const end = HEADER_BYTES + rest.readUInt32BE(4);
      if (rest.length < end) break;
      yield { data: rest.subarray(HEADER_BYTES, end), stream: rest[0] === 2 ? 'stderr' : 'stdout' };
      rest = rest.subarray(end);
    }
  }
}
