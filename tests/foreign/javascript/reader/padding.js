// Padding of what is sealed (SPEC 9.7).

import { join } from './bytes.js';
import { need } from './errors.js';

export const LONGEST = 2 ** 24;
const MARK = 0x80;

const floorLog2 = (number) => number.toString(2).length - 1;

function unitOf(rule, least) {
  if (rule !== 1) return rule;
  const exponent = floorLog2(least);
  return 2 ** (exponent - (floorLog2(exponent) + 1));
}

/** The length of a frame of `length` bytes, padded by `rule`. */
export function paddedLength(rule, length) {
  if (rule === 0) return length;
  const least = length + 1;
  if (rule === 1 && least < 2) return least;
  const unit = unitOf(rule, least);
  const padded = Math.ceil(least / unit) * unit;
  return length < LONGEST ? Math.min(padded, LONGEST) : padded;
}

/** The padded frame. */
export function pad(rule, frame) {
  const length = paddedLength(rule, frame.length);
  need(length <= LONGEST, 'too long');
  return rule === 0 ? frame : join(frame, [MARK], new Uint8Array(length - frame.length - 1));
}

/** The frame in a padded one: [M40]. */
export function unpad(rule, padded) {
  if (rule === 0) return padded;
  let at = padded.length - 1;
  while (at >= 0 && padded[at] === 0) at -= 1;
  need(at >= 0 && padded[at] === MARK && paddedLength(rule, at) === padded.length, 'unopenable');
  return padded.slice(0, at);
}
