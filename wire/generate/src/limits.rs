//! The table of limits.

use prost_reflect::DescriptorPool;

use crate::Failure;

/// The Rust source of the table.
pub(crate) fn generate(_pool: &DescriptorPool) -> Result<String, Failure> {
    Ok(String::new())
}
