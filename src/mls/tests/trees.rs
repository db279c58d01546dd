//! The tree beside a Welcome is the engine's own, byte for byte, however it came about.

use tls_codec::Serialize as _;

use super::super::build::pending_tree;
use super::super::tree::with_leaves;
use super::*;

/// Small numbers that look random.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }
}

/// The trees that the engine and the shortcut give for a pending commit of Adds alone.
fn both(group: &Group, added: &[Candidate]) -> (Vec<u8>, Option<Vec<u8>>) {
    let before = group.mls.export_ratchet_tree().tls_serialize_detached().unwrap();
    let leaves: Vec<_> = added.iter().map(|one| one.leaf_node()).collect();
    (pending_tree(group).unwrap(), with_leaves(&before, &leaves))
}

#[test]
fn adds_lead_to_the_tree_that_the_engine_has_after_any_history() {
    for seed in 0..12 {
        let mut dice = Dice(seed);
        let profile = if seed == 0 { Profile::PostQuantum } else { Profile::Standard };
        let mut groups = meeting_of(profile, 3);
        let mut next = 10;
        for _ in 0..14 {
            let count = 1 + dice.below(4);
            let joiners: Vec<_> =
                (0..count).map(|more| candidate_of(profile, next + more as u8)).collect();
            next += count as u8;
            let adds: Vec<_> = joiners.iter().map(|one| one.key_package().to_vec()).collect();
            let author = dice.below(groups.len());
            let built = groups[author].build(&adding(&adds, &link())).unwrap();
            let (engine, shortcut) = both(&groups[author], &joiners);
            assert_eq!(shortcut.as_ref(), Some(&engine), "seed {seed}");
            assert_eq!(built.welcome.as_ref().unwrap().tree, engine, "seed {seed}");
            merge_all(&mut groups, &built.message);
            groups.extend(joiners.iter().map(|joiner| join(joiner, &built)));
            for _ in 0..dice.below(3) {
                let author = dice.below(groups.len());
                let built = groups[author].build(&renewing()).unwrap();
                merge_all(&mut groups, &built.message);
            }
            while groups.len() > 3 && dice.below(3) > 0 {
                let gone = 1 + dice.below(groups.len() - 1);
                let leaf = groups.remove(gone).own_leaf();
                let built = groups[0].build(&removing(&[leaf])).unwrap();
                merge_all(&mut groups, &built.message);
            }
        }
        agree(&groups);
    }
}
