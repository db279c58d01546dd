// Bytes, in every form that is needed.

export const hex = (bytes) => Buffer.from(bytes).toString('hex');
export const unhex = (text) => new Uint8Array(Buffer.from(text, 'hex'));
export const ascii = (text) => new TextEncoder().encode(text);

/** All parts behind each other: bytes, lists of them, and texts, which stand for their ASCII bytes. */
export function join(...parts) {
  return new Uint8Array(Buffer.concat(parts.map((part) => (typeof part === 'string' ? ascii(part) : Uint8Array.from(part)))));
}

/** A number as `size` bytes, big-endian. */
export function big(number, size) {
  const out = new Uint8Array(size);
  let rest = BigInt(number);
  for (let at = size - 1; at >= 0; at -= 1, rest >>= 8n) out[at] = Number(rest & 0xffn);
  return out;
}

/** The number that bytes are, big-endian. */
export function toBig(bytes) {
  return bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

/** Below 0, 0 or above 0, as byte strings are ordered. */
export const compare = (a, b) => Buffer.compare(a, b);
export const same = (a, b) => compare(a, b) === 0;

/** Whether each is above the one before it. */
export const strictlySorted = (list, by = compare) => list.every((item, at) => at === 0 || by(list[at - 1], item) < 0);

/** Whether no byte string comes twice. */
export const distinct = (list) => new Set(list.map(hex)).size === list.length;
