// HPKE's PSK mode with DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and ChaCha20Poly1305 (RFC 9180; SPEC 8.2).

import * as chacha from './chacha.js';
import { big, join, unhex } from './bytes.js';
import { refusing } from './errors.js';
import { expand, hmac } from './hashing.js';

const { subtle } = globalThis.crypto;
const NOTHING = new Uint8Array(0);
const KEM = join('KEM', unhex('0020'));
const SUITE = join('HPKE', unhex('002000010003'));
// RFC 8410: what stands before a private key of 32 bytes.
const PKCS8 = unhex('302e020100300506032b656e04220420');
const BASE = unhex('09'.padEnd(64, '0'));

const extractLabelled = (suite, salt, label, ikm) => hmac('SHA-256', salt, 'HPKE-v1', suite, label, ikm);
const expandLabelled = (suite, secret, label, info, length) =>
  expand(secret, join(big(length, 2), 'HPKE-v1', suite, label, info), length);

async function agree(own, other) {
  return refusing('a key of small order', async () => {
    const key = await subtle.importKey('pkcs8', join(PKCS8, own), 'X25519', false, ['deriveBits']);
    const publicKey = await subtle.importKey('raw', other, 'X25519', false, []);
    return new Uint8Array(await subtle.deriveBits({ name: 'X25519', public: publicKey }, key, 256));
  });
}

/** The X25519 public key of a private key. */
export const publicOf = (own) => agree(own, BASE);

async function setUp(dh, encapsulated, recipient, info, psk, pskId) {
  const prk = await extractLabelled(KEM, NOTHING, 'eae_prk', dh);
  const shared = await expandLabelled(KEM, prk, 'shared_secret', join(encapsulated, recipient), 32);
  const idHash = await extractLabelled(SUITE, NOTHING, 'psk_id_hash', pskId);
  const infoHash = await extractLabelled(SUITE, NOTHING, 'info_hash', info);
  const context = join(unhex('01'), idHash, infoHash);
  const secret = await extractLabelled(SUITE, shared, 'secret', psk);
  const key = await expandLabelled(SUITE, secret, 'key', context, 32);
  const nonce = await expandLabelled(SUITE, secret, 'base_nonce', context, 12);
  const exporting = await expandLabelled(SUITE, secret, 'exp', context, 32);
  return {
    encapsulated,
    seal: (aad, plaintext) => chacha.seal(key, nonce, aad, plaintext),
    open: (aad, sealed) => chacha.open(key, nonce, aad, sealed),
    exportSecret: (label, length) => expandLabelled(SUITE, exporting, 'sec', label, length),
  };
}

/** SetupPSKS, with the ephemeral private key given. */
export async function sender(ephemeral, recipient, info, psk, pskId) {
  return setUp(await agree(ephemeral, recipient), await publicOf(ephemeral), recipient, info, psk, pskId);
}

/** SetupPSKR */
export async function receiver(encapsulated, own, info, psk, pskId) {
  return setUp(await agree(own, encapsulated), encapsulated, await publicOf(own), info, psk, pskId);
}
