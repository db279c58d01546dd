// Invites and what is named by them (SPEC 7.4, 8.1).

import { join } from './bytes.js';
import { need } from './errors.js';
import { sha256 } from './hashing.js';

const PREFIX = 'incamera:1.';

/** The id of an invite or of a resync key. */
export const named = async (kind, secret) => (await sha256(`incamera 1 ${kind} id`, secret)).slice(0, 16);

/** The id of the PSK with which a commit adds. */
export const pskId = async (kind, secret) => join(`incamera 1 ${kind}`, await named(kind, secret));

/** The text of an invite. */
export const write = ({ profile, passcode, meeting, lobby, secret }) =>
  PREFIX + Buffer.from(join([1, profile, passcode ? 1 : 0], meeting, lobby, secret)).toString('base64url');

/** The invite in a text: [A1]. */
export function read(text) {
  const isText = text.startsWith(PREFIX);
  need(isText || (text.startsWith('https://') && text.includes('#')), 'neither prefix nor fragment');
  const encoded = text.slice(isText ? PREFIX.length : text.indexOf('#') + 1);
  need(/^[A-Za-z0-9_-]{111}$/.test(encoded), 'no 111 characters of base64url');
  const data = new Uint8Array(Buffer.from(encoded, 'base64url'));
  need(Buffer.from(data).toString('base64url') === encoded, 'trailing bits');
  need(data[0] === 1 && data[1] >= 1 && data[1] <= 3 && data[2] <= 1, 'another version, profile or flag');
  const [meeting, lobby, secret] = [data.slice(3, 19), data.slice(19, 51), data.slice(51)];
  return { profile: data[1], passcode: data[2] === 1, meeting, lobby, secret };
}
