//! Turns `proto/incamera/v1/` into the checked-in code of `incamera-wire`, without `protoc`.
//!
//! [`generate`] returns the files; the program of the same name writes them; a test of
//! `incamera-wire` compares them with what is checked in.

mod code;
mod limits;
mod schema;

use std::path::{Path, PathBuf};

/// Why the files could not be generated: always a mistake in the schema or a missing file.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The files that `wire/src/generated/` must hold: path from the workspace's root, and contents.
///
/// # Errors
/// If the schema does not compile, or a field lacks a limit.
pub fn generate() -> Result<Vec<(PathBuf, String)>, Failure> {
    let pool = schema::compile(&root().join("proto"))?;
    let folder = Path::new("wire/src/generated");
    Ok(vec![
        (folder.join("incamera.v1.rs"), code::generate(&pool)?),
        (folder.join("limits.rs"), limits::generate(&pool)?),
    ])
}

/// The workspace's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
