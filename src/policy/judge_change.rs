//! The verdict on a voluntary change of state, field by field (SPEC \[G15\], \[G22\]).

use incamera_wire::{
    Fingerprint, GroupState, MemberEntry, Padding, Profile, ResyncKey, Right, Rights, Role,
    RoleRights, SecretBytes,
};

use super::consistency;
use super::entries::{hosts_here, is_here};
use super::rights::{entry_of, is_host, require, require_rank, rights_of, role_of};
use super::{Occupant, Scene};
use crate::error::Rule;

/// Who changes what.
#[derive(Clone, Copy)]
struct Author<'a> {
    old: &'a GroupState,
    who: &'a Occupant,
}

/// The verdict on a commit that sets `new` and does nothing else. Each field of the state is named,
/// so that a new one does not compile before somebody says who may change it.
pub(super) fn judge_change(
    scene: &Scene<'_>,
    committer: &Occupant,
    new: &GroupState,
) -> Result<(), Rule> {
    let old = scene.state;
    let author = Author { old, who: committer };
    let GroupState {
        profile,
        door,
        rights,
        members,
        succession,
        muted,
        unmute_forbidden,
        invites,
        lobby_key,
        passcode,
        bans,
        relays,
        heartbeat_keys,
        resync_keys,
        short_audio_tags,
        padding,
    } = new;
    // SPEC [G15]
    if new == old {
        return Err(Rule::Empty);
    }
    // SPEC [G15]: what nobody may change.
    let for_life = (profile, short_audio_tags, padding);
    author.check_kept(for_life, (heartbeat_keys, resync_keys))?;
    author.check(Right::Lock, *door != old.door)?;
    author.check(Right::MuteOthers, *muted != old.muted)?;
    author.check(Right::MuteOthers, *unmute_forbidden != old.unmute_forbidden)?;
    author.check(Right::ManageInvites, *invites != old.invites)?;
    author.check(Right::ManageInvites, *lobby_key != old.lobby_key)?;
    author.check(Right::ManageInvites, *passcode != old.passcode)?;
    author.check(Right::ManageRelays, *relays != old.relays)?;
    author.role_rights(*rights)?;
    author.bans(scene.roster, bans)?;
    author.members(members, bans)?;
    author.succession(succession)?;
    // SPEC [G22]
    consistency::check(new).map_err(Rule::Inconsistent)?;
    // SPEC [G22]: where there is none, co-hosts go on as they may.
    let had_host = !hosts_here(old, scene.roster).is_empty();
    if had_host && hosts_here(new, scene.roster).is_empty() {
        return Err(Rule::Inconsistent("no host is in the meeting"));
    }
    Ok(())
}

impl Author<'_> {
    /// What a change must leave as it is.
    fn check_kept(
        self,
        (profile, short_audio_tags, padding): (&Profile, &bool, &Padding),
        (heartbeat_keys, resync_keys): (&[SecretBytes<32>], &[ResyncKey]),
    ) -> Result<(), Rule> {
        let old = self.old;
        for (kept, rule) in [
            (*profile == old.profile, "a meeting keeps its profile"),
            (*short_audio_tags == old.short_audio_tags, "a meeting keeps the length of its tags"),
            (*padding == old.padding, "a meeting keeps its padding"),
            (*heartbeat_keys == old.heartbeat_keys, "only a removal replaces the key of orders"),
            (
                *resync_keys == old.resync_keys,
                "only a removal replaces the keys of those who come back",
            ),
        ] {
            // SPEC [G15]
            kept.then_some(()).ok_or(Rule::State(rule))?;
        }
        Ok(())
    }

    /// Demands a right if something has changed.
    fn check(self, right: Right, changed: bool) -> Result<(), Rule> {
        // SPEC [G15]
        if changed { require(self.old, self.who, right) } else { Ok(()) }
    }

    /// Demands the right to set rights, and the rank for whoever has this role.
    fn set_rights_of(self, role: Role) -> Result<(), Rule> {
        // SPEC [G15]
        require(self.old, self.who, Right::SetRights)?;
        // SPEC [G15]
        require_rank(self.old, self.who, role)
    }

    fn role_rights(self, new: RoleRights) -> Result<(), Rule> {
        let RoleRights { co_host, presenter, attendee } = new;
        let old = self.old.rights;
        self.role_set(Role::CoHost, old.co_host, co_host)?;
        self.role_set(Role::Presenter, old.presenter, presenter)?;
        self.role_set(Role::Attendee, old.attendee, attendee)
    }

    fn role_set(self, role: Role, old: Rights, new: Rights) -> Result<(), Rule> {
        if old == new {
            return Ok(());
        }
        self.set_rights_of(role)?;
        self.holds(old, new)
    }

    /// Nobody gives or takes a right that it does not have.
    fn holds(self, old: Rights, new: Rights) -> Result<(), Rule> {
        let changed = old.union(new).difference(old.intersection(new));
        // SPEC [G15]
        match changed.difference(rights_of(self.old, self.who)).iter().next() {
            Some(right) => Err(Rule::NotHeld(right)),
            None => Ok(()),
        }
    }

    fn bans(self, roster: &[Occupant], new: &[Fingerprint]) -> Result<(), Rule> {
        self.check(Right::Remove, *new != *self.old.bans)?;
        for who in new.iter().filter(|who| !self.old.bans.contains(who)) {
            // SPEC [G15]: whoever is here is removed, and the secrets with it.
            if is_here(roster, who) {
                return Err(Rule::State("it bans somebody who is in the meeting"));
            }
            // SPEC [G15]
            require_rank(self.old, self.who, role_of(self.old, who))?;
        }
        Ok(())
    }

    /// What is said of somebody who is newly banned goes with the ban: the right to remove suffices.
    fn members(self, new: &[MemberEntry], bans: &[Fingerprint]) -> Result<(), Rule> {
        for entry in new {
            self.member(&entry_of(self.old, &entry.fingerprint), entry)?;
        }
        for entry in &self.old.members {
            let who = &entry.fingerprint;
            let listed = new.binary_search_by_key(who, |entry| entry.fingerprint).is_ok();
            if !listed && bans.binary_search(who).is_err() {
                self.member(entry, &MemberEntry::plain(*who))?;
            }
        }
        Ok(())
    }

    fn member(self, old: &MemberEntry, new: &MemberEntry) -> Result<(), Rule> {
        let MemberEntry {
            fingerprint: _,
            role,
            granted,
            withheld,
            label,
            muted,
            unmuted,
            recording,
        } = *new;
        if role != old.role {
            self.set_rights_of(old.role)?;
            // SPEC [G15]
            require_rank(self.old, self.who, role)?;
        }
        if (granted, withheld) != (old.granted, old.withheld) {
            self.set_rights_of(old.role)?;
            self.holds(old.granted, granted)?;
            self.holds(old.withheld, withheld)?;
        }
        if label != old.label {
            self.set_rights_of(old.role)?;
        }
        if (muted, unmuted) != (old.muted, old.unmuted) {
            self.mutes(old, new)?;
        }
        if recording != old.recording {
            self.recording(old, recording)?;
        }
        Ok(())
    }

    /// Own tracks may be unmuted unless that is forbidden, others' by those who may mute.
    fn mutes(self, old: &MemberEntry, new: &MemberEntry) -> Result<(), Rule> {
        let muted_more = !new.muted.difference(old.muted).is_empty();
        let exempt_less = !old.unmuted.difference(new.unmuted).is_empty();
        let own = old.fingerprint == self.who.fingerprint;
        // SPEC [G15]
        if own && !muted_more && !exempt_less {
            let forbidden = self.old.unmute_forbidden;
            return if forbidden { Err(Rule::UnmuteForbidden) } else { Ok(()) };
        }
        // SPEC [G15]
        require(self.old, self.who, Right::MuteOthers)?;
        // SPEC [G15]
        require_rank(self.old, self.who, old.role)
    }

    /// That somebody records is its own word, which those above may end.
    fn recording(self, old: &MemberEntry, recording: bool) -> Result<(), Rule> {
        let own = old.fingerprint == self.who.fingerprint;
        // SPEC [G18]
        match (own, recording) {
            (true, true) => require(self.old, self.who, Right::Record),
            (true, false) => Ok(()),
            (false, true) => Err(Rule::State("only who records says that it records")),
            (false, false) => self.set_rights_of(old.role),
        }
    }

    fn succession(self, new: &[Fingerprint]) -> Result<(), Rule> {
        // SPEC [G15]
        if *new != *self.old.succession && !is_host(self.old, self.who) {
            return Err(Rule::HostOnly("the succession"));
        }
        Ok(())
    }
}
