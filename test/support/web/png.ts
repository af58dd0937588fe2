import { randomBytes } from 'node:crypto';
import { crc32, deflateSync } from 'node:zlib';

/** A small image of coloured noise. */
export function png(width: number, height: number, seed: number): Buffer {
  const rows = Array.from({ length: height }, (_, y) => {
    const noise = randomBytes(width * 3);
    for (let x = 0; x < width; x += 1) {
      noise[x * 3] = (noise[x * 3] as number) / 4 + (seed * 60 + y * 2);
      noise[x * 3 + 2] = (noise[x * 3 + 2] as number) / 4 + x * 1.5;
    }
    return Buffer.concat([Buffer.from([0]), noise]);
  });
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const out = Buffer.alloc(body.length + 8);
    out.writeUInt32BE(data.length, 0);
    body.copy(out, 4);
    out.writeUInt32BE(crc32(body), body.length + 4);
    return out;
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.concat(rows))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}
