// The parts of MLS that a reader of this protocol needs (RFC 9420 sections 2.1, 5.2, 8, 8.5).

import { big, join, toBig } from './bytes.js';
import { need } from './errors.js';
import { expand, sha256 } from './hashing.js';

/** `opaque data<V>` */
export function vector(data) {
  const size = data.length < 2 ** 6 ? 1 : data.length < 2 ** 14 ? 2 : 4;
  const front = big(data.length, size);
  front[0] |= { 1: 0x00, 2: 0x40, 4: 0x80 }[size];
  return join(front, data);
}

/** RFC 9420 section 8 */
export const expandWithLabel = (secret, label, context, length) =>
  expand(secret, join(big(length, 2), vector(join('MLS 1.0 ', label)), vector(context)), length);

/** MLS-Exporter (RFC 9420 section 8.5) */
export async function exporter(exporterSecret, label, context, length) {
  const derived = await expandWithLabel(exporterSecret, label, new Uint8Array(0), 32);
  return expandWithLabel(derived, 'exported', await sha256(context), length);
}

/** The reference of a knock (RFC 9420 section 5.2, SPEC 8.2). */
export const keyPackageRef = (keyPackage) =>
  sha256(vector(join('MLS 1.0 KeyPackage Reference')), vector(keyPackage));

/** Reads a structure from its front; what lies behind the end is refused. */
export class Cursor {
  #data;
  #at = 0;

  constructor(data) {
    this.#data = data;
  }

  take(count) {
    need(count <= this.#data.length - this.#at, 'a structure ends too soon');
    this.#at += count;
    return this.#data.slice(this.#at - count, this.#at);
  }

  number(size) {
    return Number(toBig(this.take(size)));
  }

  long() {
    return toBig(this.take(8));
  }

  /** The next `<V>`. */
  vector() {
    const first = this.number(1);
    const more = [0, 1, 3][first >> 6];
    need(more !== undefined, 'a length of no form');
    const count = (first & 0x3f) * 2 ** (8 * more) + this.number(more);
    need(count >= { 0: 0, 1: 2 ** 6, 3: 2 ** 14 }[more], 'a length that is too long');
    return this.take(count);
  }

  more() {
    return this.#at < this.#data.length;
  }

  here() {
    return this.#at;
  }

  since(start) {
    return this.#data.slice(start, this.#at);
  }

  end() {
    need(!this.more(), 'bytes behind a structure');
  }
}
