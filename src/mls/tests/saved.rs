//! Groups that are saved as one value and loaded from it.

use openmls_traits::OpenMlsProvider as _;

use super::*;
use crate::mls::store::{Label, Store};

fn load(saved: &[u8]) -> Result<Group, EngineFault> {
    Group::load(&entropy(77), Profile::Standard, &MEETING, saved)
}

#[test]
fn a_loaded_group_goes_on_where_it_was_saved() {
    let mut groups = meeting(4);
    let saved = groups[2].save().unwrap();
    groups[2] = load(&saved).unwrap();
    agree(&groups);
    assert_eq!(*groups[2].save().unwrap(), *saved);
    for committer in [2, 0, 2] {
        let message = groups[committer].build(&renewing()).unwrap().message;
        merge_all(&mut groups, &message);
        agree(&groups);
    }
}

#[test]
fn no_resumption_psk_of_an_epoch_that_is_over_is_kept() {
    let mut groups = meeting(3);
    for committer in [0, 1, 2, 0] {
        let message = groups[committer].build(&renewing()).unwrap().message;
        merge_all(&mut groups, &message);
    }
    // The creator's, a joiner's, and one that was loaded.
    groups[2] = load(&groups[2].save().unwrap()).unwrap();
    for group in &groups {
        let kept = |record: &[u8]| record.len() > 3;
        assert!(!group.provider.storage().any_of(&[Label::ResumptionPsks], kept));
    }
}

#[test]
fn a_pending_commit_is_saved_and_merged_when_it_comes_back() {
    // SPEC [R5]
    let mut groups = meeting(3);
    let joiner = candidate(9);
    let adds = [joiner.key_package().to_vec()];
    let built = groups[1].build(&adding(&adds, &link())).unwrap();
    groups[1] = load(&groups[1].save().unwrap()).unwrap();
    assert!(groups[1].has_pending());
    // With other tags it is refused, as by everybody.
    let mut retagged = built.message.clone();
    *retagged.last_mut().unwrap() ^= 1;
    assert!(matches!(groups[1].stage(&retagged), Err(StageFault::Refused { .. })));
    merge_all(&mut groups, &built.message);
    groups.push(join(&joiner, &built));
    agree(&groups);
}

#[test]
fn a_saved_pending_commit_that_loses_is_gone() {
    let mut groups = meeting(3);
    groups[1].build(&renewing()).unwrap();
    groups[1] = load(&groups[1].save().unwrap()).unwrap();
    let won = groups[0].build(&removing(&[2])).unwrap().message;
    groups.remove(2);
    merge_all(&mut groups, &won);
    assert!(!groups[1].has_pending());
    agree(&groups);
}

#[test]
fn a_commit_made_after_the_saving_is_not_the_loaded_groups() {
    // SPEC [R7]
    for plan in [renewing(), CommitPlan { removes: &[2], ..renewing() }] {
        let mut groups = meeting(3);
        let saved = groups[1].save().unwrap();
        let message = groups[1].build(&plan).unwrap().message;
        let mut loaded = load(&saved).unwrap();
        assert!(matches!(loaded.stage(&message), Err(StageFault::NotMine(_))));
        assert!(groups[0].stage(&message).is_ok());
    }
}

#[test]
fn a_cut_or_foreign_value_is_refused() {
    // SPEC [R8]
    let groups = meeting(2);
    let saved = groups[1].save().unwrap();
    for length in (0..saved.len()).step_by(7) {
        assert!(matches!(load(&saved[..length]), Err(EngineFault::Saved(_))), "{length}");
    }
    assert!(load(&[saved.as_slice(), &[0]].concat()).is_err());
    let elsewhere = MeetingId::new([0x12; 16]);
    let foreign = Group::load(&entropy(7), Profile::Standard, &elsewhere, &saved);
    assert!(matches!(foreign, Err(EngineFault::Saved(_))));
    let profile = Group::load(&entropy(7), Profile::PostQuantum, &MEETING, &saved);
    assert_eq!(profile.err(), Some(EngineFault::Saved("another GroupContext")));
}

#[test]
fn any_changed_byte_of_a_saved_value_is_refused_or_of_no_account() {
    // SPEC [R8]
    let groups = meeting(2);
    let saved = groups[1].save().unwrap();
    for place in (0..saved.len()).step_by(11) {
        let mut changed = saved.to_vec();
        changed[place] ^= 0x10;
        assert!(load(&changed).is_err(), "byte {place}");
    }
}

#[test]
fn a_store_that_lacks_a_record_or_mixes_two_epochs_is_refused() {
    // SPEC [R8]
    let mut groups = meeting(3);
    let old = groups[1].provider.storage().duplicate();
    let message = groups[0].build(&renewing()).unwrap().message;
    merge_all(&mut groups, &message);
    let needed = [
        Label::JoinConfig,
        Label::Tree,
        Label::Context,
        Label::InterimTranscriptHash,
        Label::ConfirmationTag,
        Label::GroupState,
        Label::MessageSecrets,
        Label::ResumptionPsks,
        Label::OwnLeafIndex,
        Label::EpochSecrets,
    ];
    for label in needed {
        let mut torn = load(&groups[1].save().unwrap()).unwrap();
        torn.provider.storage().clear(label);
        assert!(load(&torn.save().unwrap()).is_err(), "without record {}", label as u8);
        torn.provider =
            provider::Provider::with_store(&entropy(7), Profile::Standard, old.duplicate());
        // The group in memory is of the new epoch, its store of the old one.
        assert_eq!(load(&torn.save().unwrap()).err(), Some(MIXED), "record {}", label as u8);
    }
    let mut blind = load(&groups[1].save().unwrap()).unwrap();
    blind.lose_path_keys();
    let missing = EngineFault::Saved("the leaf's private key is missing");
    assert_eq!(load(&blind.save().unwrap()).err(), Some(missing));
    blind.signer = signer::LeafSigner::new(&stay(9).signing_key);
    let other = EngineFault::Saved("the leaf is not of this key");
    assert_eq!(load(&blind.save().unwrap()).err(), Some(other));
}

const MIXED: EngineFault = EngineFault::Saved("records of another epoch");

#[test]
fn records_are_kept_once() {
    let record = (&b"key"[..], &b"value"[..]);
    assert!(Store::of(&[record, record]).is_none());
    assert_eq!(Store::of(&[record]).unwrap().with_records(|records| records.len()), 1);
}
