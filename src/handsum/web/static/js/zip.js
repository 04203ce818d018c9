// A ZIP archive of files that are small already, so stored as they are (PKWARE's APPNOTE, method 0).

const TABLE = Uint32Array.from({ length: 256 }, (_, value) => {
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});
const checksum = (bytes) => ~bytes.reduce((sum, byte) => TABLE[(sum ^ byte) & 255] ^ (sum >>> 8), -1) >>> 0;

// Numbers, little-endian, each with its number of bytes.
function pack(...numbers) {
  const bytes = new Uint8Array(numbers.reduce((total, [, size]) => total + size, 0));
  let place = 0;
  for (const [value, size] of numbers) for (let byte = 0; byte < size; byte++) bytes[place++] = (value / 2 ** (8 * byte)) & 255;
  return bytes;
}

// Files [name, bytes] of ASCII names as a blob.
export function zip(files) {
  const parts = [], entries = [];
  let place = 0;
  for (const [name, bytes] of files) {
    const path = new TextEncoder().encode(name);
    // Version 2.0, no flags, stored, at midnight of 1 January 1980.
    const common = [[20, 2], [0, 2], [0, 2], [0, 2], [33, 2], [checksum(bytes), 4], [bytes.length, 4], [bytes.length, 4], [path.length, 2], [0, 2]];
    const head = pack([0x04034b50, 4], ...common);
    parts.push(head, path, bytes);
    entries.push(pack([0x02014b50, 4], [20, 2], ...common, [0, 2], [0, 2], [0, 2], [0, 4], [place, 4]), path);
    place += head.length + path.length + bytes.length;
  }
  const size = entries.reduce((total, entry) => total + entry.length, 0);
  const end = pack([0x06054b50, 4], [0, 4], [files.length, 2], [files.length, 2], [size, 4], [place, 4], [0, 2]);
  return new Blob([...parts, ...entries, end], { type: "application/zip" });
}
