// Frames of which some bytes stay clear (SPEC 9.5).

import { av1 } from './av1.js';
import { big, join } from './bytes.js';
import { need } from './errors.js';
import { h264, h265 } from './nal.js';
import { LONGEST, pad, unpad } from './padding.js';
import * as sframe from './sframe.js';
import { vp8 } from './vp8.js';

const [MOST_UNITS, LONGEST_METADATA, LONGEST_TAG] = [1024, 2 ** 16, 16];
const CODECS = { VP8: vp8, AV1: av1, H264: h264, H265: h265 };

function metadataOf(codec, units) {
  const runs = units.flatMap(({ clear, body }, place) => {
    const last = place === units.length - 1;
    return [big(clear.length, 4), clear, last ? [] : big(body.length, 4)];
  });
  const metadata = join([codec.number], ...runs);
  need(metadata.length <= LONGEST_METADATA, 'too much is clear');
  return metadata;
}

function checkUnits(units) {
  need(units.length > 0, 'nothing to send');
  need(units.length <= MOST_UNITS, 'too many units');
}

/** As many bytes for each unit as its body has, the rest for the last. */
function split(units, data) {
  let at = 0;
  const pieces = units.slice(0, -1).map(({ body }) => data.slice(at, (at += body.length)));
  need(at <= data.length, 'unopenable');
  return [...pieces, data.slice(at)];
}

/** Units, plaintext and metadata of a frame that is to be sealed. */
export function parts(name, frame, padding) {
  const codec = CODECS[name];
  need(frame.length <= LONGEST, 'too long');
  const units = codec.parse(frame);
  checkUnits(units);
  const plaintext = join(...units.map(({ body }) => body), codec.tail(units));
  return { units, plaintext: pad(padding, plaintext), metadata: metadataOf(codec, units) };
}

/** The sealed frame. */
export async function seal(name, key, counter, frame, padding = 0) {
  const { units, plaintext, metadata } = parts(name, frame, padding);
  const { front, sealed } = await sframe.seal(key, counter, metadata, plaintext);
  const at = sealed.length - key.suite.nt;
  const trailer = join(front, sealed.slice(at));
  return CODECS[name].writeSealed(units, split(units, sealed.slice(0, at)), join(trailer, [trailer.length + 1]));
}

/** A sealed frame that parses; nothing of it is authentic yet: [M22]. */
export function parseSealed(name, frame) {
  const codec = CODECS[name];
  const units = codec.parseSealed(frame);
  checkUnits(units);
  const { body } = units.at(-1);
  const length = body.at(-1) ?? 0;
  need(length >= 3 && length <= body.length, 'no trailer');
  const trailer = body.slice(body.length - length, -1);
  units.at(-1).body = body.slice(0, body.length - length);
  const parsed = sframe.parseHeader(trailer);
  const [front, tag] = [trailer.slice(0, parsed.length), trailer.slice(parsed.length)];
  need(tag.length >= 1 && tag.length <= LONGEST_TAG, 'a tag of no length');

  /** The opened form: [M28]. */
  const open = async (key, padding = 0) => {
    need(tag.length === key.suite.nt, 'unopenable');
    const sealed = join(...units.map((one) => one.body), tag);
    const plaintext = unpad(padding, await sframe.open(key, front, parsed.counter, metadataOf(codec, units), sealed));
    const at = plaintext.length - codec.tail(units).length;
    need(at >= 0, 'unopenable');
    return codec.writeOpened(units, split(units, plaintext.slice(0, at)), plaintext.slice(at));
  };
  return { kid: parsed.kid, counter: parsed.counter, open };
}
