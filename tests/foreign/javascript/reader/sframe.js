// SFrame: header, keys, and one frame (RFC 9605; SPEC 4.7, 5.1).

import { big, join, same, toBig } from './bytes.js';
import * as chacha from './chacha.js';
import { need, refusing } from './errors.js';
import { hkdf, hmac } from './hashing.js';

const { subtle } = globalThis.crypto;
const NONCE = 12;

function value(number) {
  if (number < 8n) return [Number(number), new Uint8Array(0)];
  const size = Math.ceil(number.toString(16).length / 2);
  return [8 | (size - 1), big(number, size)];
}

/** RFC 9605 section 4.3 */
export function header(kid, counter) {
  const [[k, kidBytes], [c, counterBytes]] = [value(kid), value(counter)];
  return join([(k << 4) | c], kidBytes, counterBytes);
}

/** Key id, counter, and the header's length: [W7]. */
export function parseHeader(data) {
  need(data.length > 0, 'no header');
  let length = 1;
  const [kid, counter] = [data[0] >> 4, data[0] & 15].map((nibble) => {
    if (nibble < 8) return BigInt(nibble);
    const field = data.slice(length, length + nibble - 7);
    need(field.length === nibble - 7, 'a header is cut off');
    need(field[0] !== 0 && toBig(field) >= 8n, 'a header is not minimal');
    length += field.length;
    return toBig(field);
  });
  return { kid, counter, length };
}

const chachaCipher = (key) => ({
  seal: async (nonce, aad, plaintext) => chacha.seal(key, nonce, aad, plaintext),
  open: (nonce, aad, sealed) => chacha.open(key, nonce, aad, sealed),
});

async function gcm(key) {
  const imported = await subtle.importKey('raw', key, 'AES-GCM', false, ['encrypt', 'decrypt']);
  const how = (iv, additionalData) => ({ name: 'AES-GCM', iv, additionalData, tagLength: 128 });
  return {
    seal: async (nonce, aad, plaintext) => new Uint8Array(await subtle.encrypt(how(nonce, aad), imported, plaintext)),
    open: (nonce, aad, sealed) =>
      refusing('unopenable', async () => new Uint8Array(await subtle.decrypt(how(nonce, aad), imported, sealed))),
  };
}

/** AES-CTR with HMAC and short tags (RFC 9605 section 4.5.1). */
async function ctrHmac(key, suite) {
  const at = key.length - { 'SHA-256': 32, 'SHA-512': 64 }[suite.hash];
  const encryption = await subtle.importKey('raw', key.slice(0, at), 'AES-CTR', false, ['encrypt']);
  const turn = async (nonce, data) => {
    const counter = join(nonce, new Uint8Array(4));
    return new Uint8Array(await subtle.encrypt({ name: 'AES-CTR', counter, length: 32 }, encryption, data));
  };
  const tagOf = async (nonce, aad, sealed) => {
    const lengths = [aad.length, sealed.length, suite.nt].map((length) => big(length, 8));
    return (await hmac(suite.hash, key.slice(at), ...lengths, nonce, aad, sealed)).slice(0, suite.nt);
  };
  return {
    seal: async (nonce, aad, plaintext) => {
      const sealed = await turn(nonce, plaintext);
      return join(sealed, await tagOf(nonce, aad, sealed));
    },
    open: async (nonce, aad, data) => {
      const [sealed, tag] = [data.slice(0, -suite.nt), data.slice(-suite.nt)];
      need(same(await tagOf(nonce, aad, sealed), tag), 'unopenable');
      return turn(nonce, sealed);
    },
  };
}

/** Rows of the registry of SFrame suites. */
export const SUITES = new Map(
  [
    { number: 0x0001, hash: 'SHA-256', nk: 48, nt: 10, cipher: ctrHmac },
    { number: 0x0002, hash: 'SHA-256', nk: 48, nt: 8, cipher: ctrHmac },
    { number: 0x0003, hash: 'SHA-256', nk: 48, nt: 4, cipher: ctrHmac },
    { number: 0x0004, hash: 'SHA-256', nk: 16, nt: 16, cipher: gcm },
    { number: 0x0005, hash: 'SHA-512', nk: 32, nt: 16, cipher: gcm },
    { number: 0x0006, hash: 'SHA-512', nk: 96, nt: 10, cipher: ctrHmac },
    { number: 0x0007, hash: 'SHA-512', nk: 96, nt: 8, cipher: ctrHmac },
    { number: 0x0008, hash: 'SHA-512', nk: 96, nt: 4, cipher: ctrHmac },
    { number: 0xf001, hash: 'SHA-256', nk: 32, nt: 16, cipher: chachaCipher },
  ].map((suite) => [suite.number, suite]),
);

/** One key of one key id (RFC 9605 section 4.4.2). */
export async function deriveKey(suite, baseKey, kid) {
  const info = join(big(kid, 8), big(suite.number, 2));
  const key = await hkdf(suite.hash, baseKey, join('SFrame 1.0 Secret key ', info), suite.nk);
  const salt = await hkdf(suite.hash, baseKey, join('SFrame 1.0 Secret salt ', info), NONCE);
  return { suite, kid, key, salt, cipher: await suite.cipher(key, suite) };
}

const nonceOf = (key, counter) => big(toBig(key.salt) ^ counter, NONCE);

/** Header, and ciphertext with its tag. */
export async function seal(key, counter, metadata, plaintext) {
  const front = header(key.kid, counter);
  return { front, sealed: await key.cipher.seal(nonceOf(key, counter), join(front, metadata), plaintext) };
}

/** The plaintext behind the header `front`, as it came: [M1]. */
export function open(key, front, counter, metadata, sealed) {
  need(sealed.length >= key.suite.nt, 'unopenable');
  return key.cipher.open(nonceOf(key, counter), join(front, metadata), sealed);
}
