// CPACE-RISTR255-SHA512 as a passcode is proved by it (SPEC 8.5).

import { join, toBig } from './bytes.js';
import { need } from './errors.js';
import { hmac, sha512 } from './hashing.js';
import * as ristretto from './ristretto.js';

const NAME = 'CPaceRistretto255';
const BLOCK = 128;

function leb128(number) {
  return number < 128 ? [number] : [(number % 128) | 0x80, ...leb128(Math.floor(number / 128))];
}

/** Each part behind its length in LEB128. */
function lvCat(...parts) {
  return join(...parts.map((part) => join(part)).flatMap((part) => [leb128(part.length), part]));
}

/** The session id of a run. */
export const sessionId = (meeting, inviteId, reference, mailbox) =>
  sha512('incamera 1 passcode', meeting, inviteId, reference, mailbox);

/** CI */
export const channel = (meeting) => lvCat('incamera 1 knocker', meeting, 'incamera 1 admitter');

/** g */
export async function generator(passcode, ci, session) {
  const zeros = Math.max(0, BLOCK - 1 - lvCat(NAME, passcode).length);
  return ristretto.fromHash(await sha512(lvCat(NAME, passcode, new Uint8Array(zeros), ci, session)));
}

/** 64 random bytes as a scalar. */
export const scalar = (wide) => toBig(Uint8Array.from(wide).reverse()) % ristretto.ORDER;

/** Ya or Yb */
export const share = (g, secret) => ristretto.encode(ristretto.multiply(secret, g));

/** Ta and Tb of a run; `own` and `other` are the shares of whoever computes them: [A11]. */
export async function tags({ session, secret, own, other, adA, adB, knocker }) {
  const point = ristretto.multiply(secret, ristretto.decode(other));
  need(!ristretto.isIdentity(point), 'a share without a secret');
  const [ya, yb] = knocker ? [own, other] : [other, own];
  const [front, back] = [lvCat(ya, adA), lvCat(yb, adB)];
  const isk = await sha512(lvCat(`${NAME}_ISK`, session, ristretto.encode(point)), front, back);
  const key = await sha512('CPaceMac', session, isk);
  return { ta: await hmac('SHA-512', key, front), tb: await hmac('SHA-512', key, back) };
}
