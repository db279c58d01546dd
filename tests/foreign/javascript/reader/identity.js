// Fingerprints, certificates, codes and relay proofs (SPEC 6.1, 6.2, 9.4, appendix A).

import { compare, hex, join, same, toBig } from './bytes.js';
import { verify } from './ed25519.js';
import { need } from './errors.js';
import { sha256, sha512 } from './hashing.js';

/** SPEC 2 */
export const fingerprint = (identityKey) => sha256('incamera 1 fingerprint', identityKey);

/** What an identity certifies: [I7]. */
export const statement = async (meeting, leafKey, stay, directKey, label, attestation) =>
  join('incamera 1 certificate', meeting, leafKey, stay, directKey, [label], await sha256(attestation));

const BAD = /[\u{0}-\u{1f}\u{7f}-\u{9f}\u{61c}\u{200e}\u{200f}\u{2028}-\u{202e}\u{2066}-\u{2069}\u{feff}]/u;

/** [I3] */
export function checkName(name) {
  const length = Buffer.byteLength(name);
  need(length >= 1 && length <= 64, 'the length of the name');
  need(!BAD.test(name), 'a character of the name');
}

/** The credential of a leaf, once its certificate verifies: [I2]. */
export async function verifyCredential(wire, meeting, leafKey, data) {
  const credential = wire.decode('LeafCredential', data);
  const { stay, direct_key: directKey, label, attestation } = credential;
  const signed = await statement(meeting, leafKey, stay, directKey, label ?? 0, attestation);
  await verify(credential.identity_key, signed, credential.signature);
  checkName(credential.name);
  return credential;
}

/** What a relay signs: [M12]. */
export const relayStatement = (challenge, meeting, certificate) => join('incamera 1 relay', challenge, meeting, certificate);

/** The words of appendix A, by number. */
export function words(specification) {
  const text = specification.slice(specification.indexOf('## Appendix A'));
  return [...text.matchAll(/^\| [0-9a-f]0 \| (.*) \|$/gm)].flatMap(([, row]) => row.split(' '));
}

/** The three forms of a code. */
function forms(prefix, digest, wordList) {
  const groups = [0, 1, 2, 3, 4, 5].map((place) => toBig(digest.slice(5 * place, 5 * place + 5)) % 100_000n);
  return {
    digits: groups.map((group) => group.toString().padStart(5, '0')).join(' '),
    words: [...digest.slice(0, 12)].map((byte) => wordList[byte]).join(' '),
    qr: prefix + Buffer.from(digest.slice(0, 32)).toString('base64url'),
  };
}

/** What a safety code is computed from: [I4]. */
export function safetyInput(wire, meeting, epoch, authenticator, members) {
  const order = (a, b) => compare(a.identity_key, b.identity_key) || compare(a.stay, b.stay);
  const listed = [...members].sort(order).map((one) => ({ identity_key: hex(one.identity_key), stay: hex(one.stay) }));
  const parts = { version: 1, meeting: hex(meeting), epoch: String(epoch), authenticator: hex(authenticator) };
  return wire.encode('SafetyCodeInput', { ...parts, members: listed });
}

/** The code of an encoded SafetyCodeInput. */
export const safetyCode = async (wordList, data) =>
  forms('incamera-code:1.', await sha512('incamera 1 safety code', data), wordList);

/** [I5] */
export async function pairCode(wordList, one, other) {
  need(!same(one, other), 'one identity alone');
  const [low, high] = [one, other].sort(compare);
  return forms('incamera-pair:1.', await sha512('incamera 1 pair code', low, high), wordList);
}
