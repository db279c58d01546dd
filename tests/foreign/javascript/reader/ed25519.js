// Ed25519 by WebCrypto, verified strictly (SPEC [I1]).

import { toBig, unhex, join } from './bytes.js';
import { need, refusing } from './errors.js';

const { subtle } = globalThis.crypto;
const P = 2n ** 255n - 19n;
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
// The coordinates y of the points whose order divides 8.
const Y8 = 2707385501144840649318225287225658788936804267575313519463743609750303021n;
const SMALL_ORDER = [0n, 1n, P - 1n, Y8, P - Y8];
// RFC 8410: what stands before a secret key of 32 bytes.
const PKCS8 = unhex('302e020100300506032b657004220420');

const little = (bytes) => toBig(Uint8Array.from(bytes).reverse());

function checkPoint(point, what) {
  const y = little(point) & (2n ** 255n - 1n);
  need(y < P, `${what} is not canonical`);
  need(!SMALL_ORDER.includes(y), `${what} is of small order`);
}

/** Refuses every signature but a genuine one. */
export async function verify(key, message, signature) {
  need(key.length === 32 && signature.length === 64, 'a length of Ed25519');
  checkPoint(key, 'the key');
  checkPoint(signature.slice(0, 32), 'R');
  need(little(signature.slice(32)) < ORDER, 's is not below the order');
  const genuine = await refusing('no key of Ed25519', async () => {
    const imported = await subtle.importKey('raw', key, 'Ed25519', false, ['verify']);
    return subtle.verify('Ed25519', imported, signature, message);
  });
  need(genuine, 'a signature does not verify');
}

/** The public key of a secret key. */
export async function publicKey(secret) {
  const key = await subtle.importKey('pkcs8', join(PKCS8, secret), 'Ed25519', true, ['sign']);
  const { x } = await subtle.exportKey('jwk', key);
  return new Uint8Array(Buffer.from(x, 'base64url'));
}

/** The signature by a secret key of 32 bytes. */
export async function sign(secret, message) {
  const key = await subtle.importKey('pkcs8', join(PKCS8, secret), 'Ed25519', false, ['sign']);
  return new Uint8Array(await subtle.sign('Ed25519', key, message));
}
