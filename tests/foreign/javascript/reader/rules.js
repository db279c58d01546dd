// What a message says beyond the limits of its fields: order and distinctness (SPEC 4.5, 4.6, 6.2).

import { compare, distinct, strictlySorted } from './bytes.js';
import { need } from './errors.js';
import { CAMERA, KINDS, SCREEN, kindOf } from './tracks.js';

const keys = (list, name) => list.map((entry) => entry[name]);

function groupState(state) {
  need(strictlySorted(keys(state.members, 'fingerprint')), 'members are not sorted');
  need(distinct(state.succession), 'the succession names somebody twice');
  need(distinct(keys(state.invites, 'secret')), 'two invites have one secret');
  need(strictlySorted(state.bans), 'bans are not sorted');
  need(strictlySorted(keys(state.relays, 'key')), 'relays are not sorted');
  need(distinct(state.heartbeat_keys), 'a heartbeat key comes twice');
  need(distinct(keys(state.resync_keys, 'secret')), 'two resync keys have one secret');
}

function eventBody(body) {
  if (body.announcement) {
    const contexts = keys(body.announcement.tracks, 'context');
    need(strictlySorted(contexts, (a, b) => a - b), 'tracks are not sorted');
    need(contexts.every((context) => kindOf(context) < KINDS), 'a context has no kind');
  }
  if (body.host_silent) need(strictlySorted(body.host_silent.hosts), 'hosts are not sorted');
  if (body.key_frame_request) {
    need([CAMERA, SCREEN].includes(kindOf(body.key_frame_request.context)), 'no track of video');
  }
}

const RULES = {
  GroupState: groupState,
  EventBody: eventBody,
  SafetyCodeInput: (input) => {
    const order = (a, b) => compare(a.identity_key, b.identity_key) || compare(a.stay, b.stay);
    need(strictlySorted(input.members, order), 'members are not sorted');
  },
};

/** Refuses a message whose fields contradict the text. */
export function check(name, message) {
  RULES[name]?.(message);
}
