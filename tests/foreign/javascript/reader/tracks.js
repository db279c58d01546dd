// Tracks, contexts and key ids (SPEC 5.3).

import { need } from './errors.js';

export const [MICROPHONE, CAMERA, SCREEN, SCREEN_AUDIO, DATA, KINDS] = [0, 1, 2, 3, 4, 5];
const EPOCH_BITS = 8n;

export const kindOf = (context) => context & 7;
export const isSound = (context) => [MICROPHONE, SCREEN_AUDIO].includes(kindOf(context));

/** S: the smallest number with highestLeaf < 2^S. */
const leafBits = (highestLeaf) => BigInt(highestLeaf === 0 ? 0 : highestLeaf.toString(2).length);

/** [K2] */
export function keyId(context, leaf, epoch, highestLeaf) {
  return (BigInt(context) << (leafBits(highestLeaf) + EPOCH_BITS)) | (BigInt(leaf) << EPOCH_BITS) | (epoch & 0xffn);
}

/** Context and leaf of a key id of an epoch. */
export function splitKeyId(kid, highestLeaf) {
  const bits = leafBits(highestLeaf);
  const context = kid >> (EPOCH_BITS + bits);
  need(context <= 0xffn && kindOf(Number(context)) < KINDS, 'no such track');
  return [Number(context), Number((kid >> EPOCH_BITS) & ((1n << bits) - 1n))];
}
