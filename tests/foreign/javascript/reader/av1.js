// AV1 (SPEC 9.5): a frame is a sequence of OBUs; header, extension and size stay clear.

import { join } from './bytes.js';
import { need, Refused } from './errors.js';
import { noTail, unit, whole } from './unit.js';

const DROPPED = [2, 8, 15];
const [FORBIDDEN, EXTENSION, HAS_SIZE] = [0x80, 0x04, 0x02];
const LONGEST_SIZE = 8;

function leb128(number) {
  const out = [];
  for (let rest = number; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Uint8Array.from([...out, rest]);
    out.push((rest % 128) | 0x80);
  }
}

/** A size, and where it ends. */
function readSize(frame, at) {
  let size = 0n;
  for (let count = 0; count < LONGEST_SIZE; count += 1) {
    need(at + count < frame.length, 'a size is cut off');
    size |= BigInt(frame[at + count] & 0x7f) << BigInt(7 * count);
    if (frame[at + count] < 0x80) return [Number(size), at + count + 1];
  }
  throw new Refused('a size of too many bytes');
}

/** The OBUs that are not dropped: [M24]. */
function parse(frame) {
  const units = [];
  for (let at = 0; at < frame.length; ) {
    const first = frame[at];
    need((first & FORBIDDEN) === 0, 'the forbidden bit is set');
    const front = at + (first & EXTENSION ? 2 : 1);
    need(front <= frame.length, 'an OBU is cut off');
    const clear = join([first & ~HAS_SIZE], frame.slice(at + 1, front));
    const [size, begin] = first & HAS_SIZE ? readSize(frame, front) : [frame.length - front, front];
    need(size <= frame.length - begin, 'an OBU ends behind the frame');
    at = begin + size;
    if (!DROPPED.includes((first >> 3) & 15)) units.push(unit(clear, frame.slice(begin, at)));
  }
  return units;
}

const sized = ({ clear }, payload) => whole([clear[0] | HAS_SIZE], clear.slice(1), leb128(payload.length), payload);

export const av1 = {
  number: 2,
  parse,
  parseSealed: parse,
  tail: noTail,
  // The last OBU has no size on its way, and each has one when it is opened.
  writeSealed: (units, pieces, trailer) => {
    const last = units.length - 1;
    const front = units.slice(0, last).map((one, place) => sized(one, pieces[place]));
    return join(...front, units[last].clear, pieces[last], trailer);
  },
  writeOpened: (units, pieces) => join(...units.map((one, place) => sized(one, pieces[place]))),
};
