// Sealed frames in payloads of RTP (SPEC 9.6): cutting up, and putting together what came in order.

import { join } from './bytes.js';
import { need } from './errors.js';

const [FIRST, LAST, PACKET, RESERVED] = [0x80, 0x40, 0x20, 0x1f];
const [LONGEST, MOST_PAYLOADS] = [2 * 2 ** 20, 2048];

const flagsOf = (place, count, packet) =>
  (place === 0 ? FIRST : 0) | (place === count - 1 ? LAST : 0) | (packet ? PACKET : 0);

/** The payloads of a sealed frame: [M30], [M32]. */
export function cut(sealed, longestPayload, packet) {
  need(sealed.length > 0 && sealed.length <= LONGEST && longestPayload > 1, 'no frame to send');
  const count = Math.ceil(sealed.length / (longestPayload - 1));
  need(count <= MOST_PAYLOADS, 'too many payloads');
  const [short, longer] = [Math.floor(sealed.length / count), sealed.length % count];
  let at = 0;
  return Array.from({ length: count }, (_, place) => {
    const begin = at;
    at += short + (place < longer ? 1 : 0);
    return join([flagsOf(place, count, packet)], sealed.slice(begin, at));
  });
}

/** The sealed frame, and whether one packet was sealed: [M31], [M33], [M34]. */
export function together(payloads) {
  need(payloads.length > 0 && payloads.every((payload) => payload.length > 0), 'a payload without a descriptor');
  const packet = (payloads[0][0] & PACKET) !== 0;
  payloads.forEach((payload, place) => {
    need((payload[0] & ~RESERVED) === flagsOf(place, payloads.length, packet), 'no frame');
  });
  return { frame: join(...payloads.map((payload) => payload.slice(1))), packet };
}
