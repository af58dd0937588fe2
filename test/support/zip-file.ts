import { crc32 } from 'node:zlib';

/** A zip archive of uncompressed text files. */
export function zipOf(files: Readonly<Record<string, string>>): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, text] of Object.entries(files)) {
    const data = Buffer.from(text);
    const local = Buffer.concat([u32(0x04034b50), header(name, data), Buffer.from(name), data]);
    directory.push(
      Buffer.concat([
        u32(0x02014b50),
        u16(20),
        header(name, data),
        u16(0),
        u16(0),
        u16(0),
        u32(0),
        u32(offset),
        Buffer.from(name),
      ]),
    );
    parts.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  const count = directory.length;
  const end = Buffer.concat([
    u32(0x06054b50),
    u16(0),
    u16(0),
    u16(count),
    u16(count),
    u32(central.length),
    u32(offset),
    u16(0),
  ]);
  return Buffer.concat([...parts, central, end]);
}

/** The fields that an entry has in both places: version needed to extract … length of the extra field. */
function header(name: string, data: Buffer): Buffer {
  const dosDate = u16(0x5821);
  return Buffer.concat([
    u16(20),
    u16(0),
    u16(0),
    u16(0),
    dosDate,
    u32(crc32(data)),
    u32(data.length),
    u32(data.length),
    u16(Buffer.byteLength(name)),
    u16(0),
  ]);
}

function u16(value: number): Buffer {
  const buffer = Buffer.alloc(2);
  buffer.writeUInt16LE(value);
  return buffer;
}

function u32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32LE(value >>> 0);
  return buffer;
}
