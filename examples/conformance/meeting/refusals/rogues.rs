//! Commits that an MLS engine builds and that no member may make.

#![allow(clippy::unwrap_used, reason = "the maker of vectors fails by panicking")]

use incamera::testing::{HostileCommit, OddKeyPackage, Oddity};

use super::super::hostile::{self, Stranger, plan};
use super::super::live::Live;
use super::room::*;
use super::{Cases, entry};

#[allow(clippy::too_many_lines, reason = "a table")]
pub(super) fn add(cases: &mut Cases, live: &mut Live) {
    let path = |what: &str| format!("InvalidCommit(\"a path that changes the {what}\")");
    let psk = "InvalidCommit(\"a PSK without an Add, or an Add without a PSK\")".to_owned();
    let victim = live.leaf(OLGA);
    let wrong: Vec<(&str, &'static [&'static str], String, Oddity)> = vec![
        ("an engine's Add without a PSK", &["G7"], psk.clone(), Oddity::AddWithoutPsk),
        ("an engine's PSK without an Add", &["G7"], psk, Oddity::PskAlone),
        (
            "an engine's Add with two PSKs",
            &["G7"],
            "InvalidCommit".to_owned(),
            Oddity::AddWithTwoPsks,
        ),
        (
            "an engine's Add with a PSK that is no invite's",
            &["G7"],
            "InvalidCommit".to_owned(),
            Oddity::AddWithForeignPsk,
        ),
        (
            "another GroupContext",
            &["G14"],
            "InvalidCommit(\"another GroupContext\")".to_owned(),
            Oddity::Context,
        ),
        ("a path with other capabilities", &["G5"], path("capabilities"), Oddity::Capabilities),
        (
            "a path with an extension of the leaf",
            &["G5"],
            path("extensions"),
            Oddity::LeafExtension,
        ),
        (
            "a path with another signature key",
            &["G5"],
            path("signature key"),
            Oddity::SignatureKey([9; 32]),
        ),
        (
            "a path that the reader cannot read",
            &["G3"],
            "Unreadable".to_owned(),
            Oddity::Unreadable(victim),
        ),
    ];
    for (name, must, why, oddity) in wrong {
        let bytes = built(live, oddity, OddKeyPackage::Proper);
        cases.refuses(SCENE, (name, must, &why), vec![entry(&bytes)]);
    }
    let packages: [(&str, &str, OddKeyPackage); 4] = [
        ("a key package that is valid until a time", "a lifetime", OddKeyPackage::Lifetime),
        (
            "a key package with other capabilities",
            "other capabilities",
            OddKeyPackage::Capabilities,
        ),
        (
            "a key package with an extension of its leaf",
            "a leaf extension",
            OddKeyPackage::LeafExtension,
        ),
        ("a key package with an extension", "a KeyPackage extension", OddKeyPackage::Extension),
    ];
    for (name, what, odd) in packages {
        let bytes = built(live, Oddity::AnyAdd, odd);
        let why = format!("InvalidCommit(\"{what}\")");
        let name = format!("a commit that adds {name}");
        cases.refuses(SCENE, (&name, &["G14", "G6"], &why), vec![entry(&bytes)]);
    }
}

/// A commit of Ada's, who is host, so that nothing but its form is wrong.
fn built(live: &mut Live, oddity: Oddity, odd: OddKeyPackage) -> Vec<u8> {
    let adds = match oddity {
        Oddity::Context | Oddity::Capabilities | Oddity::LeafExtension | Oddity::PskAlone => vec![],
        Oddity::SignatureKey(_) | Oddity::Unreadable(_) => vec![],
        _ => vec![Stranger { odd, ..Stranger::new(73) }.key_package(live)],
    };
    let psk = hostile::psk(live, ADA);
    hostile::committed(live, ADA, &HostileCommit { adds, psk, oddity: Some(oddity), ..plan() })
}
