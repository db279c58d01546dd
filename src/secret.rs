//! Secrets: boxed, zeroized, redacted, not `Clone`. The type lives beside the group state that
//! carries some of them; see [`incamera_wire::SecretBytes`].

pub(crate) use incamera_wire::SecretBytes as Secret;
