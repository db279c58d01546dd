// VP8 (SPEC 9.5): one unit, the first 10 bytes of a key frame clear, else one.

import { same, unhex } from './bytes.js';
import { need } from './errors.js';
import { noTail, unit, whole } from './unit.js';

const KEY_FRAME = 10;
const START = unhex('9d012a');

/** The frame as its one unit: [M23]. */
function parse(frame) {
  if (frame.length === 0) return [];
  const isKey = (frame[0] & 1) === 0;
  if (isKey) need(frame.length >= KEY_FRAME && same(frame.slice(3, 6), START), 'no key frame of VP8');
  const clear = isKey ? KEY_FRAME : 1;
  return [unit(frame.slice(0, clear), frame.slice(clear))];
}

export const vp8 = {
  number: 1,
  parse,
  parseSealed: parse,
  tail: noTail,
  writeSealed: ([one], [piece], trailer) => whole(one.clear, piece, trailer),
  writeOpened: ([one], [piece]) => whole(one.clear, piece),
};
