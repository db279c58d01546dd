// Epochs, their media keys, and what a receiver and a sealer do with frames (SPEC 5.1 to 5.3, 9.1, 9.7).

import { join } from './bytes.js';
import * as codecs from './codecs.js';
import { need, Refused } from './errors.js';
import { exporter } from './mls.js';
import { LONGEST, pad, unpad } from './padding.js';
import * as sframe from './sframe.js';
import { PORTABLE, POST_QUANTUM, STANDARD } from './state.js';
import { isSound, keyId, splitKeyId } from './tracks.js';

const WINDOW = 1024n;
const MOST_FORGED = 2 ** 23;
const SHORT_TAG = 10;
const NOTHING = new Uint8Array(0);
const PROFILE_SUITES = { [STANDARD]: 0x0004, [PORTABLE]: 0xf001, [POST_QUANTUM]: 0x0005 };
const SHORT_SUITES = { [STANDARD]: 0x0001, [POST_QUANTUM]: 0x0006 };
// These name a codec of which nothing stays clear.
const WHOLE = ['whole', 'opus', 'VP9'];

/** What holds for a meeting's life. */
export class Meeting {
  constructor({ profile, short_audio_tags: short = false, audio_padding: audio = 0, other_padding: other = 0 }) {
    need(!(short && profile === PORTABLE), 'short tags in the portable profile');
    Object.assign(this, { profile, short, audio, other });
  }

  /** The SFrame suite of a track: [K11]. */
  suite(context) {
    return sframe.SUITES.get((this.short && isSound(context) ? SHORT_SUITES : PROFILE_SUITES)[this.profile]);
  }

  /** The rule by which a track's frames are padded. */
  padding(context) {
    return isSound(context) ? this.audio : this.other;
  }
}

/** The media keys of an epoch. */
export class Epoch {
  #baseKey;
  #keys = new Map();

  /** `baseKey` gives the base key of a length. */
  constructor(meeting, number, leaves, baseKey) {
    Object.assign(this, { meeting, number, leaves: new Set(leaves), highest: Math.max(...leaves) });
    this.#baseKey = baseKey;
  }

  /** The key of a track of a member: one for each key id, [M4]. */
  async key(context, leaf) {
    const kid = keyId(context, leaf, this.number, this.highest);
    if (!this.#keys.has(kid)) {
      const suite = this.meeting.suite(context);
      this.#keys.set(kid, await sframe.deriveKey(suite, await this.#baseKey(suite.nk), kid));
    }
    return this.#keys.get(kid);
  }
}

/** A frame that is sealed as a whole. */
function parseWhole(frame) {
  const { kid, counter, length } = sframe.parseHeader(frame);
  const [front, sealed] = [frame.slice(0, length), frame.slice(length)];
  return { kid, counter, open: async (key, padding) => unpad(padding, await sframe.open(key, front, counter, NOTHING, sealed)) };
}

/** The counters that came: [M2]. */
class Window {
  #highest = -1n;
  #came = new Set();

  check(counter) {
    need(counter > this.#highest - WINDOW && !this.#came.has(counter), 'unopenable');
  }

  take(counter) {
    this.#came.add(counter);
    if (counter <= this.#highest) return;
    this.#highest = counter;
    for (const came of this.#came) if (came <= counter - WINDOW) this.#came.delete(came);
  }
}

/** Opens frames of other members. */
export class Receiver {
  #epochs = new Map();
  #slots = new Map();

  constructor(ownLeaf) {
    this.ownLeaf = ownLeaf;
  }

  /** A later epoch takes the place of an earlier one with the same low bits. */
  enter(epoch) {
    this.#epochs.set(epoch.number & 0xffn, epoch);
  }

  /** Epoch, leaf, context, counter and content of a frame. */
  async open(framing, frame) {
    const sealed = WHOLE.includes(framing) ? parseWhole(frame) : codecs.parseSealed(framing, frame);
    const epoch = this.#epochs.get(sealed.kid & 0xffn);
    need(epoch, 'no such epoch');
    const [context, leaf] = splitKeyId(sealed.kid, epoch.highest);
    // [M3], [K4]
    need(epoch.leaves.has(leaf) && leaf !== this.ownLeaf, 'no such member');
    const name = `${epoch.number} ${leaf} ${context}`;
    const slot = this.#slots.get(name) ?? { window: new Window(), forged: 0 };
    const content = await this.#openIn(slot, epoch, context, leaf, sealed, name);
    return { epoch: epoch.number, leaf, context, counter: sealed.counter, content };
  }

  async #openIn(slot, epoch, context, leaf, sealed, name) {
    slot.window.check(sealed.counter);
    const key = await epoch.key(context, leaf);
    need(key.suite.nt > SHORT_TAG || slot.forged < MOST_FORGED, 'unopenable');
    this.#slots.set(name, slot);
    try {
      const content = await sealed.open(key, epoch.meeting.padding(context));
      slot.window.take(sealed.counter);
      return content;
    } catch (error) {
      if (error instanceof Refused) slot.forged += 1;
      throw error;
    }
  }
}

/** The base keys of an epoch, by length: [K1]. */
export const baseKeys = (exporterSecret) => (length) => exporter(exporterSecret, 'SFrame 1.0 Base Key', NOTHING, length);

/** A frame of one's own leaf. */
export async function seal(epoch, leaf, context, counter, framing, frame) {
  need(frame.length <= LONGEST, 'too long');
  const [key, padding] = [await epoch.key(context, leaf), epoch.meeting.padding(context)];
  if (!WHOLE.includes(framing)) return codecs.seal(framing, key, counter, frame, padding);
  const { front, sealed } = await sframe.seal(key, counter, NOTHING, pad(padding, frame));
  return join(front, sealed);
}
