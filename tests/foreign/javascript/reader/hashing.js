// SHA-2, HMAC and HKDF by WebCrypto.

import { big, join } from './bytes.js';

const { subtle } = globalThis.crypto;

export const sha256 = async (...parts) => new Uint8Array(await subtle.digest('SHA-256', join(...parts)));
export const sha512 = async (...parts) => new Uint8Array(await subtle.digest('SHA-512', join(...parts)));

/** HMAC; a key of no bytes is one of zeros, which WebCrypto does not say by itself. */
export async function hmac(hash, key, ...parts) {
  const raw = key.length ? key : new Uint8Array(1);
  const imported = await subtle.importKey('raw', raw, { name: 'HMAC', hash }, false, ['sign']);
  return new Uint8Array(await subtle.sign('HMAC', imported, join(...parts)));
}

/** HKDF-Expand with SHA-256, which is all that MLS and HPKE ask for here. */
export async function expand(secret, info, length) {
  let out = new Uint8Array(0);
  let block = new Uint8Array(0);
  for (let count = 1; out.length < length; count += 1) {
    block = await hmac('SHA-256', secret, block, info, big(count, 1));
    out = join(out, block);
  }
  return out.slice(0, length);
}

/** HKDF without a salt: extract and expand. */
export async function hkdf(hash, secret, info, length) {
  const key = await subtle.importKey('raw', secret, 'HKDF', false, ['deriveBits']);
  return new Uint8Array(await subtle.deriveBits({ name: 'HKDF', hash, salt: new Uint8Array(0), info }, key, 8 * length));
}
