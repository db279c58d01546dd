// Knocks, their answers, and private chats, which are sealed alike (SPEC 7.10, 8.2, 8.3).

import { ascii, big, hex, join, same } from './bytes.js';
import { xopen, xseal } from './chacha.js';
import { need, refusing } from './errors.js';
import * as hpke from './hpke.js';

const [KNOCK, ANSWER, DIRECT] = ['knock', 'answer', 'direct'].map((word) => ascii(`incamera 1 ${word}`));
const LONGEST_CHAT = 2048;

/** A knock with its encoded content, and the key of its answers: [A2]. `names` is the invite id or the resync id. */
export async function sealKnock(wire, { meeting, lobby, secret, names, mailbox, ephemeral, content }) {
  const context = await hpke.sender(ephemeral, lobby, KNOCK, secret, names);
  const ciphertext = context.seal(join(KNOCK, meeting, names, mailbox), content);
  const parts = { version: 1, meeting: hex(meeting), invite: hex(names), mailbox: hex(mailbox) };
  const sealed = { encapsulated_key: hex(context.encapsulated), ciphertext: hex(ciphertext) };
  return { knock: wire.encode('Knock', { ...parts, ...sealed }), answerKey: await context.exportSecret(ANSWER, 32) };
}

/** Knock, content and the key of its answers. */
export async function openKnock(wire, { meeting, lobbyKey, secret, names, data }) {
  const knock = wire.decode('Knock', data);
  need(same(knock.meeting, meeting) && same(knock.invite, names), 'another meeting or invite');
  const context = await hpke.receiver(knock.encapsulated_key, lobbyKey, KNOCK, secret, names);
  const content = await context.open(join(KNOCK, meeting, names, knock.mailbox), knock.ciphertext);
  return { knock, content: wire.decode('KnockContent', content), answerKey: await context.exportSecret(ANSWER, 32) };
}

/** An answer to a knock: [A10]. */
export function sealAnswer(wire, key, mailbox, nonce, content) {
  const ciphertext = xseal(key, nonce, join(ANSWER, mailbox), content);
  return wire.encode('KnockAnswer', { version: 1, mailbox: hex(mailbox), nonce: hex(nonce), ciphertext: hex(ciphertext) });
}

/** The content of an answer in one's own mailbox. */
export async function openAnswer(wire, key, mailbox, data) {
  const answer = wire.decode('KnockAnswer', data);
  need(same(answer.mailbox, mailbox), 'another mailbox');
  return wire.decode('KnockAnswerContent', await xopen(key, answer.nonce, join(ANSWER, mailbox), answer.ciphertext));
}

/** What a private chat is bound to: [G20]. */
export const binding = ({ meeting, epoch, author, recipient, counter }) =>
  join(meeting, big(epoch, 8), author, recipient, big(counter, 8));

/** Encapsulated key and ciphertext. */
export async function sealChat(directKey, psk, ephemeral, bound, text) {
  const context = await hpke.sender(ephemeral, directKey, DIRECT, psk, DIRECT);
  return { encapsulated: context.encapsulated, ciphertext: context.seal(bound, new TextEncoder().encode(text)) };
}

/** The text of a private chat. */
export async function openChat(own, psk, encapsulated, bound, ciphertext) {
  const context = await hpke.receiver(encapsulated, own, DIRECT, psk, DIRECT);
  const data = await context.open(bound, ciphertext);
  need(data.length >= 1 && data.length <= LONGEST_CHAT, 'a length of a chat');
  return refusing('no UTF-8', () => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(data));
}
