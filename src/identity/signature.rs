//! Ed25519, verified so that all members come to one verdict.

/// Whether an Ed25519 signature verifies, with small-order points and non-canonical forms refused
/// (SPEC \[I1\]).
pub(crate) fn verify_strict(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    let [r, _] = halves(signature);
    // SPEC [I1]: MLS's proofs need strong unforgeability, and a verdict must be one for all.
    is_strict(key) && is_strict(r) && verify(key, message, signature)
}

/// R and s (RFC 8032 §5.1.6).
fn halves(signature: &[u8; 64]) -> [&[u8; 32]; 2] {
    const NONE: [u8; 32] = [0; 32];
    let half = |at: usize| signature.get(at..).and_then(<[u8]>::first_chunk).unwrap_or(&NONE);
    [half(0), half(32)]
}

/// The numbers y, little-endian, of all points of order 1, 2, 4 and 8: two points have each but 1 and
/// -1, one for each sign of x.
const SMALL_ORDER: [[u8; 32]; 5] = [
    [0; 32],
    [
        1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0,
    ],
    [
        0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0x7f,
    ],
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
        0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
        0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
        0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac,
        0x03, 0x7a,
    ],
];

/// Whether these bytes are y below 2^255 - 19 and the sign of x, of no point of small order. Whether
/// there is such a point is left to the library.
fn is_strict(point: &[u8; 32]) -> bool {
    let mut y = *point;
    let [first, middle @ .., last] = &mut y;
    *last &= 0x7f;
    let canonical = *last < 0x7f || middle.iter().any(|&byte| byte != 0xff) || *first < 0xed;
    canonical && !SMALL_ORDER.contains(&y)
}

/// As RFC 8032 §5.1.7 without the cofactor: s below the group's order, and R by its bytes.
#[cfg(not(any(target_family = "wasm", incamera_rustcrypto)))]
fn verify(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
    UnparsedPublicKey::new(&ED25519, key).verify(message, signature).is_ok()
}

/// As RFC 8032 §5.1.7 without the cofactor: s below the group's order, and R by its bytes.
#[cfg(any(target_family = "wasm", incamera_rustcrypto))]
use verify_by_dalek as verify;

/// The same by ed25519-dalek, where aws-lc cannot be built.
#[cfg(any(test, target_family = "wasm", incamera_rustcrypto))]
fn verify_by_dalek(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    use ed25519_dalek::{Signature, Verifier as _, VerifyingKey};
    let key = VerifyingKey::from_bytes(key);
    key.and_then(|key| key.verify(message, &Signature::from_bytes(signature))).is_ok()
}

#[cfg(test)]
mod tests {
    use curve25519_dalek::constants::EIGHT_TORSION;
    use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
    use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
    use proptest::prelude::*;

    use super::*;
    use crate::wycheproof;

    /// The verdict, which both libraries and ed25519-dalek's own strict form agree on.
    fn verdict(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
        let strict = VerifyingKey::from_bytes(key)
            .and_then(|key| key.verify_strict(message, &Signature::from_bytes(signature)))
            .is_ok();
        let [r, _] = halves(signature);
        let by_dalek = is_strict(key) && is_strict(r) && verify_by_dalek(key, message, signature);
        let ours = verify_strict(key, message, signature);
        assert_eq!([ours, by_dalek], [strict; 2], "{key:02x?} {message:02x?} {signature:02x?}");
        ours
    }

    #[test]
    fn every_case_of_wycheproof_comes_out_as_it_says() {
        let (mut valid, mut invalid) = (0, 0);
        for case in wycheproof::cases(wycheproof::ED25519) {
            let key: [u8; 32] = case.group_key().try_into().unwrap();
            // Another length is no signature: the types refuse it.
            let signature = <[u8; 64]>::try_from(case.bytes("sig"));
            let verifies =
                signature.is_ok_and(|signature| verdict(&key, &case.bytes("msg"), &signature));
            assert_eq!((verifies, !verifies), (case.is_valid(), case.is_invalid()), "{case}");
            *if verifies { &mut valid } else { &mut invalid } += 1;
        }
        assert_eq!((valid, invalid), (88, 63));
    }

    /// Signatures that hold by the equation alone: R and key of small order, s = 0 or that of an honest
    /// key's.
    #[test]
    fn points_of_small_order_are_refused_as_key_and_as_r() {
        // SPEC [I1]
        let honest = SigningKey::from_bytes(&[7; 32]);
        let key = honest.verifying_key().to_bytes();
        let mut lax = 0;
        for torsion in EIGHT_TORSION {
            let point = torsion.compress().to_bytes();
            assert!(!is_strict(&point), "{point:02x?}");
            for message in (0..32).map(|byte| [byte]) {
                let mut signature = [0; 64];
                signature[..32].copy_from_slice(&point);
                lax += usize::from(verify_by_dalek(&point, &message, &signature));
                assert!(!verdict(&point, &message, &signature));
                assert!(!verdict(&key, &message, &signature));
                let mut genuine = honest.sign(&message).to_bytes();
                assert!(verdict(&key, &message, &genuine));
                genuine[..32].copy_from_slice(&point);
                assert!(!verdict(&key, &message, &genuine));
            }
        }
        assert!(lax > 32, "the cases must be ones that only strictness catches");
    }

    #[test]
    fn a_y_that_is_not_canonical_is_refused() {
        // SPEC [I1]
        for low in 0xed..=0xff {
            for sign in [0, 0x80] {
                let mut point = [0xff; 32];
                point[0] = low;
                point[31] = 0x7f | sign;
                assert!(!is_strict(&point), "{low:x}");
                // As R it fails by its bytes; as a key nobody knows a private one.
                assert!(!verify_strict(&point, b"", &[0; 64]));
            }
        }
        let mut greatest = [0xff; 32];
        greatest[0] = 0xeb;
        assert!(is_strict(&greatest));
    }

    #[test]
    fn a_key_with_a_small_order_part_is_as_good_as_without() {
        // Neither library multiplies by the cofactor: where they differ, members would too.
        let honest = SigningKey::from_bytes(&[7; 32]);
        let point = CompressedEdwardsY(honest.verifying_key().to_bytes()).decompress().unwrap();
        for torsion in EIGHT_TORSION {
            let mixed: EdwardsPoint = point + torsion;
            let key = mixed.compress().to_bytes();
            for message in (0..32).map(|byte| [byte]) {
                verdict(&key, &message, &honest.sign(&message).to_bytes());
            }
        }
    }

    proptest! {
        #[test]
        fn a_changed_signature_or_key_is_judged_alike(
            seed: [u8; 32], message: Vec<u8>, at in 0usize..96, bit in 0u8..8, changed: bool,
        ) {
            let honest = SigningKey::from_bytes(&seed);
            let mut all = [0; 96];
            all[..32].copy_from_slice(honest.verifying_key().as_bytes());
            all[32..].copy_from_slice(&honest.sign(&message).to_bytes());
            if changed {
                all[at] ^= 1 << bit;
            }
            let key = all[..32].try_into().unwrap();
            prop_assert_eq!(verdict(&key, &message, &all[32..].try_into().unwrap()), !changed);
        }
    }
}
