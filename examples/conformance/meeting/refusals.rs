//! What a member refuses.
use crate::case::Made;
pub(super) fn make() -> Made {
    Made::default()
}
