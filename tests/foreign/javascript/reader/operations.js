// What is asked without a meeting: each function takes the process's reader and a request's fields.

import * as admission from './admission.js';
import { ascii, hex, join, unhex } from './bytes.js';
import * as codecs from './codecs.js';
import { publicKey, sign, verify } from './ed25519.js';
import * as envelope from './envelope.js';
import { need, Refused } from './errors.js';
import { publicOf } from './hpke.js';
import * as identity from './identity.js';
import * as invite from './invite.js';
import { makeCredential, makeKeyPackage } from './key_package.js';
import * as mls from './mls.js';
import * as messages from './mls_messages.js';
import { pad, unpad } from './padding.js';
import * as passcode from './passcode.js';
import * as rtp from './rtp.js';
import * as sframe from './sframe.js';
import { readState } from './state.js';

const keyOf = ({ suite, base_key: baseKey, kid }) => sframe.deriveKey(sframe.SUITES.get(suite), unhex(baseKey), BigInt(kid));

const frames = {
  header: (_, { kid, counter }) => ({ header: hex(sframe.header(BigInt(kid), BigInt(counter))) }),

  parse_header: (_, { data }) => {
    const { kid, counter, length } = sframe.parseHeader(unhex(data));
    return { kid: String(kid), counter: String(counter), length };
  },

  // One frame, as RFC 9605's vectors have it.
  sframe_seal: async (_, request) => {
    const key = await keyOf(request);
    const { front, sealed } = await sframe.seal(key, BigInt(request.counter), unhex(request.metadata), unhex(request.plaintext));
    return { key: hex(key.key), salt: hex(key.salt), frame: hex(join(front, sealed)) };
  },

  // A frame with clear bytes, and what went into the cipher.
  codec_seal: async (_, request) => {
    const { codec, padding = 0 } = request;
    const { plaintext, metadata } = codecs.parts(codec, unhex(request.frame), padding);
    const sealed = await codecs.seal(codec, await keyOf(request), BigInt(request.counter), unhex(request.frame), padding);
    return { plaintext: hex(plaintext), metadata: hex(metadata), frame: hex(sealed) };
  },

  codec_open: async (_, request) => {
    const sealed = codecs.parseSealed(request.codec, unhex(request.frame));
    need(sealed.kid === BigInt(request.kid), 'unopenable');
    return { frame: hex(await sealed.open(await keyOf(request), request.padding ?? 0)), counter: String(sealed.counter) };
  },

  pad: (_, { rule, frame }) => ({ padded: hex(pad(rule, unhex(frame))) }),
  unpad: (_, { rule, padded }) => ({ frame: hex(unpad(rule, unhex(padded))) }),
  rtp_cut: (_, { frame, longest_payload: longest, packet }) => ({ payloads: rtp.cut(unhex(frame), longest, packet).map(hex) }),

  rtp_join: (_, { payloads }) => {
    const { frame, packet } = rtp.together(payloads.map(unhex));
    return { frame: hex(frame), packet };
  },
};

const people = {
  verify: async (_, { key, message, signature }) => {
    await verify(unhex(key), unhex(message), unhex(signature));
    return {};
  },

  named: async (_, { kind, secret }) => ({
    id: hex(await invite.named(kind, unhex(secret))),
    psk_id: hex(await invite.pskId(kind, unhex(secret))),
  }),

  fingerprint: async (_, { identity_key: key }) => ({ fingerprint: hex(await identity.fingerprint(unhex(key))) }),

  statement: async (_, { meeting, leaf_key: leafKey, stay, direct_key: directKey, label, attestation }) => {
    const keys = [meeting, leafKey, stay, directKey].map(unhex);
    return { statement: hex(await identity.statement(...keys, label, unhex(attestation))) };
  },

  // A credential whose certificate verifies.
  credential: async ({ wire }, { meeting, leaf_key: leafKey, data }) => {
    const shown = await identity.verifyCredential(wire, unhex(meeting), unhex(leafKey), unhex(data));
    return { fields: wire.fields('LeafCredential', shown) };
  },

  // Members are pairs of identity key and stay.
  safety_code: async ({ wire, words }, { meeting, epoch, authenticator, members }) => {
    const listed = members.map(([key, stay]) => ({ identity_key: unhex(key), stay: unhex(stay) }));
    const input = identity.safetyInput(wire, unhex(meeting), epoch, unhex(authenticator), listed);
    return { input: hex(input), ...(await identity.safetyCode(words, input)) };
  },

  pair_code: ({ words }, { one, other }) => identity.pairCode(words, unhex(one), unhex(other)),

  read_invite: (_, { text }) => {
    const { meeting, lobby, secret, ...rest } = invite.read(text);
    return { ...rest, meeting: hex(meeting), lobby: hex(lobby), secret: hex(secret) };
  },

  write_invite: (_, { meeting, lobby, secret, ...rest }) => ({
    text: invite.write({ ...rest, meeting: unhex(meeting), lobby: unhex(lobby), secret: unhex(secret) }),
  }),

  relay_proof: async ({ wire }, { challenge, certificate, proof }) => {
    const asked = wire.decode('RelayChallenge', unhex(challenge));
    const answer = wire.decode('RelayProof', unhex(proof));
    const signed = identity.relayStatement(asked.challenge, asked.meeting, unhex(certificate));
    await verify(answer.key, signed, answer.signature);
    return { key: hex(answer.key), statement: hex(signed) };
  },

  // A relay's proof for an encoded challenge.
  prove: async ({ wire }, { secret, challenge, certificate }) => {
    const asked = wire.decode('RelayChallenge', unhex(challenge));
    const signed = identity.relayStatement(asked.challenge, asked.meeting, unhex(certificate));
    const [key, signature] = [await publicKey(unhex(secret)), await sign(unhex(secret), signed)];
    return { proof: hex(wire.encode('RelayProof', { version: 1, key: hex(key), signature: hex(signature) })) };
  },

  // A state that does not contradict itself.
  check_state: ({ wire }, { data }) => ({ fields: wire.fields('GroupState', readState(wire, unhex(data))) }),

  check_name: (_, { name }) => {
    identity.checkName(name);
    return {};
  },

  // A key package whose signatures and certificate verify: its reference, and its leaf.
  read_key_package: async ({ wire }, { data, profile, meeting }) => {
    const { leaf, bytes } = await messages.keyPackage(unhex(data), profile);
    const shown = await identity.verifyCredential(wire, unhex(meeting), leaf.signatureKey, leaf.credential);
    const reference = hex(await mls.keyPackageRef(bytes));
    return { reference, signature_key: hex(leaf.signatureKey), credential: wire.fields('LeafCredential', shown) };
  },
};

/** Whether an action is not refused. */
function succeeds(action) {
  try {
    action();
    return true;
  } catch (error) {
    if (error instanceof Refused) return false;
    throw error;
  }
}

const own = {
  // A key package of a person; `secrets` are its private keys: that of its leaf, and its init key.
  make_key_package: async ({ wire }, { profile, meeting, stay, name, secrets, other, ...rest }) => {
    const leafSecret = unhex(rest.leaf_secret);
    const directKey = await publicOf(unhex(rest.direct_secret));
    const person = { meeting: unhex(meeting), identitySecret: unhex(rest.identity_secret), stay: unhex(stay), name };
    const credential = await makeCredential(wire, { ...person, leafSecret, directKey });
    const [encryptionKey, initKey] = [await publicOf(unhex(secrets[0])), await publicOf(unhex(secrets[1]))];
    const parts = { profile, leafSecret, credential, encryptionKey, initKey };
    return { data: hex(await makeKeyPackage(parts, other)) };
  },
};

const log = {
  // Which of these are such a message.
  verdicts: ({ wire }, { message, data }) => ({ taken: data.map((each) => succeeds(() => wire.decode(message, unhex(each)))) }),

  associated: (_, { kind, meeting, epoch, welcome = '', tree = '' }) => ({
    associated: hex(envelope.associated(kind, unhex(meeting), epoch, unhex(welcome), unhex(tree))),
  }),

  heartbeat_keys: async (_, { heartbeat_key: key }) => ({
    order: hex(await envelope.orderKey(unhex(key))),
    heartbeat: hex(await envelope.heartbeatSeal(unhex(key))),
  }),

  // The log hash behind an entry, and behind each that follows.
  log_hash: async (_, { sequence, entry, more = [] }) => {
    const hashes = [await envelope.logBegin(sequence, unhex(entry))];
    for (const following of more) hashes.push(await envelope.logNext(hashes.at(-1), unhex(following)));
    return { hashes: hashes.map(hex) };
  },

  exporter: async (_, { exporter_secret: secret, label, context, length }) => ({
    secret: hex(await mls.exporter(unhex(secret), label, unhex(context), length)),
  }),
};

const bindingOf = ({ meeting, epoch, author, recipient, counter }) =>
  admission.binding({ meeting: unhex(meeting), epoch, author: unhex(author), recipient: unhex(recipient), counter });

const door = {
  // A knock with a content given by its fields, and the key of its answers.
  seal_knock: async ({ wire }, { meeting, lobby, secret, kind, mailbox, ephemeral, content }) => {
    const names = await invite.named(kind, unhex(secret));
    const keys = { meeting: unhex(meeting), lobby: unhex(lobby), secret: unhex(secret), mailbox: unhex(mailbox) };
    const rest = { names, ephemeral: unhex(ephemeral), content: wire.encode('KnockContent', content) };
    const { knock, answerKey } = await admission.sealKnock(wire, { ...keys, ...rest });
    return { knock: hex(knock), answer_key: hex(answerKey) };
  },

  open_knock: async ({ wire }, { meeting, lobby_key: lobbyKey, secret, kind, knock: data }) => {
    const names = await invite.named(kind, unhex(secret));
    const keys = { meeting: unhex(meeting), lobbyKey: unhex(lobbyKey), secret: unhex(secret), names, data: unhex(data) };
    const { knock, content, answerKey } = await admission.openKnock(wire, keys);
    return { content: wire.fields('KnockContent', content), mailbox: hex(knock.mailbox), answer_key: hex(answerKey) };
  },

  seal_answer: ({ wire }, { answer_key: key, mailbox, nonce, content }) => {
    const data = wire.encode('KnockAnswerContent', content);
    return { answer: hex(admission.sealAnswer(wire, unhex(key), unhex(mailbox), unhex(nonce), data)) };
  },

  open_answer: async ({ wire }, { answer_key: key, mailbox, answer }) => {
    const content = await admission.openAnswer(wire, unhex(key), unhex(mailbox), unhex(answer));
    return { content: wire.fields('KnockAnswerContent', content) };
  },

  seal_chat: async (_, { direct_key: key, psk, ephemeral, binding, text }) => {
    const sealed = await admission.sealChat(unhex(key), unhex(psk), unhex(ephemeral), bindingOf(binding), text);
    return { encapsulated_key: hex(sealed.encapsulated), ciphertext: hex(sealed.ciphertext) };
  },

  open_chat: async (_, { private: own, psk, binding, encapsulated_key: key, ciphertext }) => ({
    text: await admission.openChat(unhex(own), unhex(psk), unhex(key), bindingOf(binding), unhex(ciphertext)),
  }),

  public_key: async (_, { private: own }) => ({ public: hex(await publicOf(unhex(own))) }),

  // What a run depends on, and one's share of it.
  passcode_inputs: async (_, { passcode_text: text, meeting, invite_id: id, reference, mailbox, secret }) => {
    const session = await passcode.sessionId(unhex(meeting), unhex(id), unhex(reference), unhex(mailbox));
    const ci = passcode.channel(unhex(meeting));
    const g = await passcode.generator(ascii(text), ci, session);
    return { sid: hex(session), ci: hex(ci), share: hex(passcode.share(g, passcode.scalar(unhex(secret)))) };
  },

  // Ta and Tb, as the knocker or as the admitter.
  passcode_tags: async (_, { sid, secret, own, other, reference, admitter, knocker }) => {
    const shares = { session: unhex(sid), secret: passcode.scalar(unhex(secret)), own: unhex(own), other: unhex(other) };
    const { ta, tb } = await passcode.tags({ ...shares, adA: unhex(reference), adB: unhex(admitter), knocker });
    return { ta: hex(ta), tb: hex(tb) };
  },
};

export const OPERATIONS = { ...frames, ...people, ...own, ...log, ...door };
