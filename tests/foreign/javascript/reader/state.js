// Roles, rights, labels, and what a state must not contradict (SPEC 4.6, 7.7).

import { hex } from './bytes.js';
import { need } from './errors.js';

export const [STANDARD, PORTABLE, POST_QUANTUM] = [1, 2, 3];
const [HOST, CO_HOST, PRESENTER, ATTENDEE] = [1, 2, 3, 4];
const [RECORDER, CAPTIONER, BRIDGE, BOT] = [1, 2, 3, 4];
const [SPEAK, VIDEO, SHARE_SCREEN, CHAT, REACT, RECORD] = [6, 7, 8, 9, 10, 11];
const ALL_RIGHTS = 2 ** 15 - 1;

/** A set of rights as a number: right n is bit n - 1. */
const set = (...rights) => rights.reduce((sum, right) => sum | (1 << (right - 1)), 0);

const LABEL_RIGHTS = {
  [RECORDER]: set(RECORD),
  [CAPTIONER]: set(CHAT),
  [BRIDGE]: set(SPEAK, VIDEO, SHARE_SCREEN, CHAT),
  [BOT]: set(CHAT, REACT),
};

/** What an entry of the state lets its identity do, its own word aside. */
function rightsOf(state, entry) {
  if (entry.role === HOST) return ALL_RIGHTS;
  const { co_host: coHost, presenter, attendee } = state.rights;
  const ofRole = { [CO_HOST]: coHost, [PRESENTER]: presenter, [ATTENDEE]: attendee }[entry.role];
  return (ofRole | entry.granted) & ~entry.withheld & (LABEL_RIGHTS[entry.label] ?? ALL_RIGHTS);
}

function checkEntry(state, entry) {
  const exceptions = entry.granted || entry.withheld || entry.label || entry.muted || entry.unmuted;
  if (entry.role === HOST) need(!exceptions, 'a host with exceptions');
  if (entry.role === ATTENDEE) need(exceptions || entry.recording, 'an entry of a plain attendee');
  need((entry.granted & entry.withheld) === 0, 'granted and withheld');
  need((entry.muted & entry.unmuted) === 0, 'muted and unmuted');
  if (entry.recording) need(rightsOf(state, entry) & set(RECORD), 'records without the right');
}

/** The state in the extension of a GroupContext. */
export function readState(wire, data) {
  const state = wire.decode('GroupState', data);
  checkState(state);
  return state;
}

/** [G22], as a joiner checks it. */
function checkState(state) {
  const roles = new Map(state.members.map((entry) => [hex(entry.fingerprint), entry.role]));
  for (const entry of state.members) checkEntry(state, entry);
  need(!state.bans.some((ban) => roles.has(hex(ban))), 'a banned identity has an entry');
  need(state.succession.every((who) => roles.get(hex(who)) === CO_HOST), 'the succession lists no co-host');
  const asks = state.invites.some((invite) => invite.passcode);
  need(!asks || Object.hasOwn(state, 'passcode'), 'no passcode to ask for');
  need(!(state.profile === PORTABLE && state.short_audio_tags), 'short tags in the portable profile');
}
