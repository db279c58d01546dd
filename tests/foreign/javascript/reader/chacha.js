// ChaCha20-Poly1305 of node:crypto, for WebCrypto has none; and XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03).

import { createCipheriv, createDecipheriv } from 'node:crypto';
import { join, unhex } from './bytes.js';
import { need, refusing } from './errors.js';

const TAG = 16;
const OPTIONS = { authTagLength: TAG };
const COLUMNS = [[0, 4, 8, 12], [1, 5, 9, 13], [2, 6, 10, 14], [3, 7, 11, 15]];
const DIAGONALS = [[0, 5, 10, 15], [1, 6, 11, 12], [2, 7, 8, 13], [3, 4, 9, 14]];
const CONSTANT = unhex(Buffer.from('expand 32-byte k').toString('hex'));

/** Ciphertext and tag. */
export function seal(key, nonce, aad, plaintext) {
  const cipher = createCipheriv('chacha20-poly1305', key, nonce, OPTIONS);
  cipher.setAAD(aad, { plaintextLength: plaintext.length });
  return join(cipher.update(plaintext), cipher.final(), cipher.getAuthTag());
}

/** The plaintext, or `Refused`. */
export function open(key, nonce, aad, sealed) {
  return refusing('a seal does not open', () => {
    need(sealed.length >= TAG, 'no tag');
    const cipher = createDecipheriv('chacha20-poly1305', key, nonce, OPTIONS);
    cipher.setAAD(aad, { plaintextLength: sealed.length - TAG });
    cipher.setAuthTag(sealed.slice(-TAG));
    return join(cipher.update(sealed.slice(0, -TAG)), cipher.final());
  });
}

function quarter(s, a, b, c, d) {
  for (const [first, second] of [[16, 12], [8, 7]]) {
    s[a] += s[b];
    s[d] ^= s[a];
    s[d] = (s[d] << first) | (s[d] >>> (32 - first));
    s[c] += s[d];
    s[b] ^= s[c];
    s[b] = (s[b] << second) | (s[b] >>> (32 - second));
  }
}

function hchacha20(key, nonce) {
  const view = new DataView(join(CONSTANT, key, nonce).buffer);
  const s = Uint32Array.from({ length: 16 }, (_, at) => view.getUint32(4 * at, true));
  for (let round = 0; round < 10; round += 1) {
    for (const places of [...COLUMNS, ...DIAGONALS]) quarter(s, ...places);
  }
  const out = new DataView(new ArrayBuffer(32));
  [...s.slice(0, 4), ...s.slice(12)].forEach((word, at) => out.setUint32(4 * at, word, true));
  return new Uint8Array(out.buffer);
}

const inner = (key, nonce) => [hchacha20(key, nonce.slice(0, 16)), join(new Uint8Array(4), nonce.slice(16))];

/** XChaCha20-Poly1305: ciphertext and tag. */
export const xseal = (key, nonce, aad, plaintext) => seal(...inner(key, nonce), aad, plaintext);

/** The plaintext, or `Refused`. */
export const xopen = (key, nonce, aad, sealed) => open(...inner(key, nonce), aad, sealed);
