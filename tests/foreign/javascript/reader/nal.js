// H.264 and H.265 (SPEC 9.5): a frame is an access unit in Annex B form.

import { join } from './bytes.js';
import { need } from './errors.js';
import { unit } from './unit.js';

// What of a unit stays clear: so many bytes, the front of a slice, or all (of ends: but for the last unit).
const [SLICE, PARAMETERS, END, DROPPED] = ['slice', 'parameters', 'end', 'dropped'];
const [LONG_START, SHORT_START] = [Uint8Array.of(0, 0, 0, 1), Uint8Array.of(0, 0, 1)];
// The longest prefix of zeros that a code of the two standards has.
const LONGEST_PREFIX = 31;

function zerosAtEnd(data) {
  let count = 0;
  while (count < data.length && data[data.length - 1 - count] === 0) count += 1;
  return count;
}

/** Where each 00 00 01 begins. */
function starts(frame) {
  const found = [];
  for (let at = 0; at + 2 < frame.length; at += 1) {
    if (frame[at] === 0 && frame[at + 1] === 0 && frame[at + 2] === 1) {
      found.push(at);
      at += 2;
    }
  }
  return found;
}

/** The NAL units, each with whether its start code has 3 bytes. */
function rawUnits(frame) {
  const found = starts(frame);
  need(found.length > 0 && zerosAtEnd(frame.slice(0, found[0])) === found[0], 'no start code');
  return found.map((start, place) => {
    const data = frame.slice(start + 3, found[place + 1] ?? frame.length);
    const behind = place === 0 ? 0 : found[place - 1] + 3;
    const short = zerosAtEnd(frame.slice(behind, start)) === 0;
    return { data: data.slice(0, data.length - zerosAtEnd(data)), short };
  });
}

/** The bits of a unit behind its header, without escapes. */
class Bits {
  #left = 0;
  #zeros = 0;

  constructor(data, at) {
    this.data = data;
    this.at = at;
  }

  bit() {
    if (this.#left === 0) {
      if (this.#zeros >= 2 && this.data[this.at] === 3) {
        this.at += 1;
        this.#zeros = 0;
      }
      need(this.at < this.data.length, 'a unit ends before its clear bytes do');
      this.#zeros = this.data[this.at] === 0 ? this.#zeros + 1 : 0;
      this.at += 1;
      this.#left = 8;
    }
    this.#left -= 1;
    return (this.data[this.at - 1] >> this.#left) & 1;
  }

  /** ue(v): its value is of no interest here. */
  code() {
    let prefix = 0;
    for (; this.bit() === 0; prefix += 1) need(prefix < LONGEST_PREFIX, 'a code of no length');
    for (; prefix > 0; prefix -= 1) this.bit();
  }
}

/** [M26] */
function escape(clear, data) {
  const out = [];
  let zeros = zerosAtEnd(clear);
  for (const byte of data) {
    if (zeros >= 2 && byte <= 3) {
      out.push(3);
      zeros = 0;
    }
    out.push(byte);
    zeros = byte === 0 ? zeros + 1 : 0;
  }
  return Uint8Array.from(out);
}

function unescape(clear, data) {
  const out = [];
  let zeros = zerosAtEnd(clear);
  for (const byte of data) {
    const isEscape = zeros >= 2 && byte === 3;
    if (!isEscape) out.push(byte);
    zeros = byte === 0 ? zeros + 1 : 0;
  }
  return Uint8Array.from(out);
}

const isSealed = (kind, last) => kind !== PARAMETERS && (kind !== END || last);

function clearLength(codec, data, kind, last) {
  if (!isSealed(kind, last)) return data.length;
  if (kind !== SLICE) return kind === END ? codec.header : kind;
  const bits = new Bits(data, codec.header);
  codec.slice(data, bits);
  return bits.at;
}

/** The units that are not dropped: [M25]. */
function parse(codec, frame) {
  if (frame.length === 0) return [];
  const all = rawUnits(frame).map((raw) => ({ ...raw, kind: codec.kind(raw.data) }));
  const kept = all.filter(({ kind }) => kind !== DROPPED);
  need(kept.at(-1)?.kind !== PARAMETERS, 'the last unit is a parameter set');
  return kept.map(({ data, short, kind }, place) => {
    const clear = clearLength(codec, data, kind, place === kept.length - 1);
    need(clear <= data.length, 'a unit ends before its clear bytes do');
    return unit(data.slice(0, clear), data.slice(clear), { short, kind });
  });
}

/** The same of a sealed frame, without escapes and what follows each ciphertext: [M26]. */
function parseSealed(codec, frame) {
  const units = parse(codec, frame);
  return units.map((one, place) => {
    const body = unescape(one.clear, one.body);
    if (place === units.length - 1 || !isSealed(one.kind, false)) return { ...one, body };
    need(body.at(-1) === 0x80, 'a ciphertext without its end');
    return { ...one, body: body.slice(0, -1) };
  });
}

/** The start codes: a bit for each unit. */
function tail(units) {
  const out = new Uint8Array(Math.ceil(units.length / 8));
  units.forEach(({ short }, place) => {
    if (short) out[place >> 3] |= 0x80 >> (place & 7);
  });
  return out;
}

function writeSealed(units, pieces, trailer) {
  const parts = units.map(({ clear, kind }, place) => {
    const last = place === units.length - 1;
    const end = last ? trailer : isSealed(kind, false) ? [0x80] : [];
    return join(LONG_START, clear, escape(clear, join(pieces[place], end)));
  });
  return join(...parts);
}

function writeOpened(units, pieces, bits) {
  const isShort = (place) => ((bits[place >> 3] >> (7 - (place & 7))) & 1) === 1;
  for (let place = units.length; place < 8 * bits.length; place += 1) need(!isShort(place), 'unopenable');
  return join(...units.flatMap(({ clear }, place) => [isShort(place) ? SHORT_START : LONG_START, clear, pieces[place]]));
}

const codecOf = (number, rules) => ({
  number,
  parse: (frame) => parse(rules, frame),
  parseSealed: (frame) => parseSealed(rules, frame),
  tail,
  writeSealed,
  writeOpened,
});

const H264_KINDS = { 1: SLICE, 5: SLICE, 14: 4, 20: 4, 21: 4, 10: END, 11: END, 9: DROPPED, 12: DROPPED };
for (const type of [7, 8, 13, 15, 16]) H264_KINDS[type] = PARAMETERS;

export const h264 = codecOf(3, {
  header: 1,
  kind: (data) => {
    need(data.length >= 1 && data[0] < 0x80, 'no NAL unit');
    const type = data[0] & 31;
    need(type !== 0 && type < 24, 'a type that is refused');
    return H264_KINDS[type] ?? 1;
  },
  // first_mb_in_slice, slice_type, pic_parameter_set_id
  slice: (_, bits) => [1, 2, 3].forEach(() => bits.code()),
});

const H265_KINDS = { 32: PARAMETERS, 33: PARAMETERS, 34: PARAMETERS, 35: DROPPED, 38: DROPPED, 36: END, 37: END };

export const h265 = codecOf(4, {
  header: 2,
  kind: (data) => {
    need(data.length >= 2 && data[0] < 0x80 && (data[1] & 7) !== 0, 'no NAL unit');
    const type = data[0] >> 1;
    need(type < 48, 'a type that is refused');
    return type < 32 ? SLICE : (H265_KINDS[type] ?? 2);
  },
  // first_slice_segment_in_pic_flag; of random access pictures no_output_of_prior_pics_flag; slice_pic_parameter_set_id
  slice: (data, bits) => {
    const type = data[0] >> 1;
    bits.bit();
    if (type >= 16 && type <= 23) bits.bit();
    bits.code();
  },
});
