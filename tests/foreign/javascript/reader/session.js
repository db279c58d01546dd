// What is asked of a meeting: its epochs, its roster, its log, its frames.

import { hex, same, unhex } from './bytes.js';
import * as envelope from './envelope.js';
import { need, Refused } from './errors.js';
import { verifyCredential } from './identity.js';
import * as media from './media.js';
import * as messages from './mls_messages.js';
import { readState } from './state.js';

/** One meeting, as a member of it knows it from its exporter secrets. */
export class Session {
  #epochs = new Map();
  #exported = new Map();
  #rosters = new Map();
  #heartbeatKeys = [];

  constructor({ wire }, { meeting, profile, own_leaf: ownLeaf, ...settings }) {
    this.wire = wire;
    this.id = unhex(meeting);
    this.profile = profile;
    this.settings = new media.Meeting({ profile, ...settings });
    this.receiver = new media.Receiver(ownLeaf);
  }

  /** Enters an epoch. */
  async epoch({ epoch, leaves, exporter_secret: text }) {
    const [number, secret] = [BigInt(epoch), unhex(text)];
    this.#epochs.set(number, new media.Epoch(this.settings, number, leaves, media.baseKeys(secret)));
    this.receiver.enter(this.#epochs.get(number));
    const exported = await envelope.exported(secret);
    this.#exported.set(number, exported);
    return Object.fromEntries(Object.entries(exported).map(([use, key]) => [use, hex(key)]));
  }

  /** Enters an epoch of which nothing is known but its base keys, by length. */
  bare_epoch({ epoch, leaves, base_keys: keys }) {
    const number = BigInt(epoch);
    this.#epochs.set(number, new media.Epoch(this.settings, number, leaves, (length) => unhex(keys[length])));
    this.receiver.enter(this.#epochs.get(number));
    return {};
  }

  /** Key id, key and salt of a track. */
  async media_key({ epoch, context, leaf }) {
    const { suite, kid, key, salt } = await this.#epochs.get(BigInt(epoch)).key(context, leaf);
    return { suite: suite.number, kid: String(kid), key: hex(key), salt: hex(salt) };
  }

  async open({ framing, frame }) {
    const { epoch, leaf, context, counter, content } = await this.receiver.open(framing, unhex(frame));
    return { epoch: String(epoch), leaf, context, counter: String(counter), content: hex(content) };
  }

  async seal({ epoch, leaf, context, counter, framing, frame }) {
    const sealed = await media.seal(this.#epochs.get(BigInt(epoch)), leaf, context, BigInt(counter), framing, unhex(frame));
    return { frame: hex(sealed) };
  }

  /** The roster in the tree of an epoch, every certificate of it verified: [A7]. */
  async tree({ epoch, address, blob }) {
    const key = this.#exported.get(BigInt(epoch)).tree;
    return this.#roster(BigInt(epoch), await envelope.openBlob(this.wire, unhex(address), key, unhex(blob)));
  }

  /** The same of a tree that came otherwise. */
  bare_tree({ epoch, tree }) {
    return this.#roster(BigInt(epoch), unhex(tree));
  }

  async #roster(epoch, tree) {
    const [roster, members] = [new Map(), []];
    for (const [leaf, { signatureKey, credential }] of messages.ratchetTree(tree, this.profile)) {
      const shown = await verifyCredential(this.wire, this.id, signatureKey, credential);
      need(!roster.has(hex(shown.stay)), 'two leaves share a stay');
      roster.set(hex(shown.stay), signatureKey);
      members.push({ leaf, signature_key: hex(signatureKey), credential: this.wire.fields('LeafCredential', shown) });
    }
    this.#rosters.set(epoch, roster);
    return { members };
  }

  /** The keys of orders and heartbeats, newest first. */
  heartbeat_keys({ keys }) {
    this.#heartbeatKeys = keys.map(unhex);
    return {};
  }

  #keys(kind, epoch) {
    if (kind === envelope.HANDSHAKE || kind === envelope.EVENT) {
      const exported = this.#exported.get(epoch);
      need(exported, 'no such epoch');
      return [kind === envelope.HANDSHAKE ? exported.handshake : exported.event];
    }
    const derive = kind === envelope.ORDER ? envelope.orderKey : envelope.heartbeatSeal;
    return this.#heartbeatKeys.map(derive);
  }

  async #openEntry(opened) {
    let refused = new Refused('no key');
    for (const key of this.#keys(opened.kind, BigInt(opened.epoch.toString()))) {
      try {
        return await envelope.openEnvelope(this.id, opened, await key);
      } catch (error) {
        refused = error;
      }
    }
    throw refused;
  }

  /** What an entry of the log says. */
  async entry({ entry }) {
    const opened = this.wire.decode('Envelope', unhex(entry));
    const plaintext = await this.#openEntry(opened);
    const [epoch, out] = [BigInt(opened.epoch.toString()), { kind: opened.kind, epoch: opened.epoch.toString() }];
    if (opened.kind === envelope.HANDSHAKE) return { ...out, ...(await this.#commit(epoch, plaintext)) };
    const roster = this.#rosters.get(epoch);
    const keyOf = roster && ((stay) => {
      need(roster.has(hex(stay)), 'the author is not in the roster');
      return roster.get(hex(stay));
    });
    const { body, verified } = await envelope.openEvent(this.wire, this.id, plaintext, opened.kind, epoch, keyOf);
    return { ...out, verified, body: this.wire.fields('EventBody', body) };
  }

  async #commit(epoch, plaintext) {
    const commit = await messages.publicCommit(plaintext, this.profile);
    need(same(commit.group, this.id) && commit.epoch === epoch, 'a commit of another group or epoch');
    const proposals = [];
    for (const { kind, value } of commit.proposals) proposals.push({ kind, ...(await this.#proposal(kind, value)) });
    const note = this.wire.fields('CommitNote', this.wire.decode('CommitNote', commit.note));
    return { leaf: commit.leaf, note, proposals, path: commit.path };
  }

  async #proposal(kind, value) {
    if (kind === 'remove') return { leaf: value };
    if (kind === 'psk') return { id: hex(value.id), nonce: value.nonce.length };
    if (kind === 'state') {
      return { state: this.wire.fields('GroupState', readState(this.wire, messages.stateExtension(value))) };
    }
    const shown = await verifyCredential(this.wire, this.id, value.leaf.signatureKey, value.leaf.credential);
    return { credential: this.wire.fields('LeafCredential', shown) };
  }

  /** An entry with an event that the leaf key `secret` signs. */
  async seal_event({ kind, epoch, secret, nonce, fields }) {
    const key = await this.#keys(kind, BigInt(epoch))[0];
    const signed = await envelope.signEvent(this.wire, unhex(secret), fields);
    return { entry: hex(envelope.sealEnvelope(this.wire, kind, this.id, epoch, unhex(nonce), key, signed)) };
  }
}
