// Key packages, commits in the clear, and ratchet trees (RFC 9420 sections 6, 7, 10, 12; SPEC 7.1, 7.4).

import { join } from './bytes.js';
import { verify } from './ed25519.js';
import { need, Refused } from './errors.js';
import { Cursor, vector } from './mls.js';

export const STATE_EXTENSION = 0xf0a1;
const REQUIRED_CAPABILITIES = 3;
export const SUITES = { 1: 0x0001, 2: 0x0003, 3: 0x004f };
export const [BASIC, FROM_KEY_PACKAGE] = [1, 1];
const FROM_COMMIT = 3;
export const LATEST = 2n ** 64n - 1n;

function numbers(data) {
  const [cursor, out] = [new Cursor(data), []];
  while (cursor.more()) out.push(cursor.number(2));
  return out;
}

/** The content of each extension, by type. */
function extensions(data) {
  const [cursor, out] = [new Cursor(data), new Map()];
  while (cursor.more()) {
    const type = cursor.number(2);
    need(!out.has(type), 'an extension twice');
    out.set(type, cursor.vector());
  }
  return out;
}

/** The state in the extensions of a GroupContext: [G14]. */
export function stateExtension(found) {
  const wanted = [REQUIRED_CAPABILITIES, STATE_EXTENSION];
  need(JSON.stringify([...found.keys()]) === JSON.stringify(wanted), 'other extensions of a GroupContext');
  const required = new Cursor(found.get(REQUIRED_CAPABILITIES));
  const lists = [1, 2, 3].map(() => numbers(required.vector()));
  required.end();
  need(JSON.stringify(lists) === JSON.stringify([[STATE_EXTENSION], [], []]), 'other required capabilities');
  return found.get(STATE_EXTENSION);
}

function capabilities(cursor) {
  const out = {};
  for (const name of ['versions', 'suites', 'extensions', 'proposals', 'credentials']) out[name] = numbers(cursor.vector());
  return out;
}

/** A LeafNode; `tbs` is what its signature covers in a key package. */
function readLeaf(cursor) {
  const start = cursor.here();
  const leaf = { encryptionKey: cursor.vector(), signatureKey: cursor.vector() };
  need(cursor.number(2) === BASIC, 'no BasicCredential');
  leaf.credential = cursor.vector();
  leaf.capabilities = capabilities(cursor);
  leaf.source = cursor.number(1);
  need([FROM_KEY_PACKAGE, FROM_COMMIT].includes(leaf.source), 'no source of a leaf that a meeting has');
  if (leaf.source === FROM_KEY_PACKAGE) leaf.lifetime = [cursor.long(), cursor.long()];
  else leaf.parentHash = cursor.vector();
  leaf.extensions = extensions(cursor.vector());
  leaf.tbs = cursor.since(start);
  leaf.signature = cursor.vector();
  return leaf;
}

/** What every leaf declares: [G14]. */
function checkLeaf(leaf, profile) {
  const wanted = { versions: [1], suites: [SUITES[profile]], extensions: [STATE_EXTENSION], proposals: [], credentials: [BASIC] };
  need(JSON.stringify(leaf.capabilities) === JSON.stringify(wanted), 'other capabilities');
  need(leaf.extensions.size === 0, 'extensions of a leaf');
  const [from, until] = leaf.lifetime ?? [0n, LATEST];
  need(from === 0n && until === LATEST, 'another lifetime');
}

/** RFC 9420 section 5.1.2 */
const verifyWithLabel = (key, label, content, signature) =>
  verify(key, join(vector(join('MLS 1.0 ', label)), vector(content)), signature);

/** A KeyPackage whose signatures hold and that is as [G14] says. */
async function readKeyPackage(cursor, profile) {
  const start = cursor.here();
  need(cursor.number(2) === 1, 'another version of MLS');
  need(cursor.number(2) === SUITES[profile], 'another suite');
  cursor.vector();
  const leaf = readLeaf(cursor);
  need(leaf.source === FROM_KEY_PACKAGE && extensions(cursor.vector()).size === 0, 'no plain key package');
  const tbs = cursor.since(start);
  const signature = cursor.vector();
  checkLeaf(leaf, profile);
  await verifyWithLabel(leaf.signatureKey, 'LeafNodeTBS', leaf.tbs, leaf.signature);
  await verifyWithLabel(leaf.signatureKey, 'KeyPackageTBS', tbs, signature);
  return { leaf, bytes: cursor.since(start) };
}

/** A KeyPackage, bare. */
export async function keyPackage(data, profile) {
  const cursor = new Cursor(data);
  const read = await readKeyPackage(cursor, profile);
  cursor.end();
  return read;
}

async function proposal(cursor, profile) {
  const kind = cursor.number(2);
  if (kind === 1) return { kind: 'add', value: await readKeyPackage(cursor, profile) };
  if (kind === 3) return { kind: 'remove', value: cursor.number(4) };
  if (kind === 4) {
    need(cursor.number(1) === 1, 'a PSK of another kind');
    return { kind: 'psk', value: { id: cursor.vector(), nonce: cursor.vector() } };
  }
  if (kind === 7) return { kind: 'state', value: extensions(cursor.vector()) };
  throw new Refused('a proposal that no commit of a meeting has');
}

async function commit(cursor, profile) {
  const [inner, proposals] = [new Cursor(cursor.vector()), []];
  while (inner.more()) {
    need(inner.number(1) === 1, 'a proposal by reference');
    proposals.push(await proposal(inner, profile));
  }
  const path = cursor.number(1);
  need(path <= 1, 'a flag of no form');
  if (path) {
    const leaf = readLeaf(cursor);
    need(leaf.source === FROM_COMMIT, 'a path with another leaf');
    checkLeaf(leaf, profile);
    cursor.vector();
  }
  return { proposals, path: path === 1 };
}

/** The commit in an MLSMessage with a PublicMessage of a member (SPEC 4.3, 7.4). */
export async function publicCommit(data, profile) {
  const cursor = new Cursor(data);
  need(cursor.number(2) === 1 && cursor.number(2) === 1, 'no PublicMessage of MLS 1.0');
  const message = { group: cursor.vector(), epoch: cursor.long() };
  need(cursor.number(1) === 1, 'not of a member');
  message.leaf = cursor.number(4);
  message.note = cursor.vector();
  need(cursor.number(1) === 3, 'no commit');
  Object.assign(message, await commit(cursor, profile));
  // Signature, confirmation tag and membership tag.
  for (let count = 0; count < 3; count += 1) cursor.vector();
  cursor.end();
  return message;
}

/** The leaves of a ratchet tree (RFC 9420 section 12.4.3.3), by leaf index. */
export function ratchetTree(data, profile) {
  const outer = new Cursor(data);
  const [nodes, leaves] = [new Cursor(outer.vector()), new Map()];
  outer.end();
  for (let index = 0; nodes.more(); index += 1) {
    const present = nodes.number(1);
    need(present <= 1, 'a flag of no form');
    if (!present) continue;
    need(nodes.number(1) === 1 + (index % 2), 'a node in the wrong place');
    if (index % 2 === 0) {
      leaves.set(index / 2, readLeaf(nodes));
      checkLeaf(leaves.get(index / 2), profile);
    } else {
      for (let count = 0; count < 3; count += 1) nodes.vector();
    }
  }
  return leaves;
}
