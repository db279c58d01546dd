// A key package of one's own making (RFC 9420 sections 5.1.2, 7.2, 10; SPEC 6.1, 7.1).

import { big, hex, join, unhex } from './bytes.js';
import { publicKey, sign } from './ed25519.js';
import { statement } from './identity.js';
import { vector } from './mls.js';
import { BASIC, FROM_KEY_PACKAGE, LATEST, STATE_EXTENSION, SUITES } from './mls_messages.js';

const numbers = (values) => vector(join(...values.map((value) => big(value, 2))));
const signWithLabel = async (secret, label, content) =>
  vector(await sign(secret, join(vector(join('MLS 1.0 ', label)), vector(content))));

/** The credential of a leaf of a person. */
export async function makeCredential(wire, { meeting, identitySecret, leafSecret, stay, directKey, name }) {
  const signed = await statement(meeting, await publicKey(leafSecret), stay, directKey, 0, new Uint8Array(0));
  const [key, signature] = [await publicKey(identitySecret), await sign(identitySecret, signed)];
  const parts = { identity_key: hex(key), stay: hex(stay), direct_key: hex(directKey), signature: hex(signature) };
  return wire.encode('LeafCredential', { version: 1, name, ...parts });
}

function capabilities(profile, other) {
  const { versions = [1], suites = [SUITES[profile]], extension_types: types = [STATE_EXTENSION] } = other;
  const { proposals = [], credentials = [BASIC] } = other;
  return join(...[versions, suites, types, proposals, credentials].map(numbers));
}

/** The encoded key package; `other` names what is to be other than it should be: [G14]. */
export async function makeKeyPackage({ profile, leafSecret, credential, encryptionKey, initKey }, other) {
  const { suite = SUITES[profile], lifetime = [0n, LATEST], leaf_extensions: leafExtensions = '', extensions = '' } = other;
  const keys = [vector(encryptionKey), vector(await publicKey(leafSecret)), big(BASIC, 2), vector(credential)];
  const source = [[FROM_KEY_PACKAGE], ...lifetime.map((end) => big(end, 8))];
  const bare = join(...keys, capabilities(profile, other), ...source, vector(unhex(leafExtensions)));
  const leaf = join(bare, await signWithLabel(leafSecret, other.leaf_label ?? 'LeafNodeTBS', bare));
  const tbs = join(big(1, 2), big(suite, 2), vector(initKey), leaf, vector(unhex(extensions)));
  return join(tbs, await signWithLabel(leafSecret, other.label ?? 'KeyPackageTBS', tbs));
}
