// Entries of the log, blobs, and the events in them (SPEC 4.3 to 4.5, 5.2, 7.12).

import { ascii, big, hex, join, same } from './bytes.js';
import { xopen, xseal } from './chacha.js';
import { sign, verify } from './ed25519.js';
import { need } from './errors.js';
import { expand, sha256 } from './hashing.js';
import { exporter } from './mls.js';

export const [HANDSHAKE, EVENT, ORDER, HEARTBEAT] = [1, 2, 3, 4];
const NOTHING = new Uint8Array(0);

/** What a member exports from an epoch beside its base keys (5.2). */
export async function exported(exporterSecret) {
  const out = {};
  for (const use of ['handshake', 'event', 'direct', 'tree']) {
    out[use] = await exporter(exporterSecret, `incamera 1 ${use}`, NOTHING, 32);
  }
  return out;
}

/** [K9], [K10] */
export const orderKey = (heartbeatKey) => expand(heartbeatKey, ascii('incamera 1 order'), 32);
export const heartbeatSeal = (heartbeatKey) => expand(heartbeatKey, ascii('incamera 1 heartbeat'), 32);

/** [W6] */
export const associated = (kind, meeting, epoch, welcome = NOTHING, tree = NOTHING) =>
  join('incamera 1 envelope', [kind], meeting, big(epoch, 8), big(welcome.length, 4), welcome, tree);

/** What an envelope of this meeting holds, under the key that fits. */
export function openEnvelope(meeting, envelope, key) {
  need(same(envelope.meeting, meeting), 'another meeting');
  const { welcome, tree } = envelope.welcome ?? {};
  const aad = associated(envelope.kind, meeting, envelope.epoch.toString(), welcome, tree);
  return xopen(key, envelope.nonce, aad, envelope.ciphertext);
}

/** An envelope without a Welcome. */
export function sealEnvelope(wire, kind, meeting, epoch, nonce, key, plaintext) {
  const ciphertext = xseal(key, nonce, associated(kind, meeting, epoch), plaintext);
  const parts = { version: 1, meeting: hex(meeting), kind, epoch: String(epoch), nonce: hex(nonce) };
  return wire.encode('Envelope', { ...parts, ciphertext: hex(ciphertext) });
}

/** The ratchet tree in a blob: [W9], [A9]. */
export async function openBlob(wire, address, key, data) {
  need(same(await sha256(data), address), 'another blob');
  const blob = wire.decode('SealedBlob', data);
  return xopen(key, blob.nonce, ascii('incamera 1 blob'), blob.ciphertext);
}

/** The envelope kind in which an event travels; none for a rejoin. */
function kindOf(body) {
  if (body.rejoin) return undefined;
  if (body.removal_order) return ORDER;
  return body.heartbeat ? HEARTBEAT : EVENT;
}

/** The body of a SignedEvent in an envelope of a kind and an epoch: [G11]. */
export async function openEvent(wire, meeting, data, kind, epoch, keyOf) {
  const signed = wire.decode('SignedEvent', data);
  const body = wire.decode('EventBody', signed.body);
  need(same(body.meeting, meeting), 'another meeting');
  need(BigInt(body.epoch.toString()) === epoch, "another epoch than its envelope's");
  need(kindOf(body) === kind, 'an event in an envelope of another kind');
  const key = keyOf?.(body.stay);
  if (key) await verify(key, join('incamera 1 event', signed.body), signed.signature);
  return { body, verified: Boolean(key) };
}

/** A SignedEvent of a body with these fields. */
export async function signEvent(wire, secret, fields) {
  const body = wire.encode('EventBody', fields);
  const signature = await sign(secret, join('incamera 1 event', body));
  return wire.encode('SignedEvent', { version: 1, body: hex(body), signature: hex(signature) });
}

/** What has been read of the log since an epoch began: [G25]. */
export const logBegin = async (sequence, entry) => sha256('incamera 1 log', big(sequence, 8), await sha256(entry));
export const logNext = async (hash, entry) => sha256(hash, await sha256(entry));
