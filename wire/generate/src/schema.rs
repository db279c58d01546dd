//! Compiling the schema.

use std::path::Path;

use prost_reflect::DescriptorPool;

use crate::Failure;

/// The files of the schema, in the order in which the generated table lists their messages.
const FILES: [&str; 8] =
    ["limits", "envelope", "admission", "event", "commit", "state", "identity", "transport"];

/// Compiles every file of the schema under `proto`.
pub(crate) fn compile(proto: &Path) -> Result<DescriptorPool, Failure> {
    let files = FILES.map(|name| format!("incamera/v1/{name}.proto"));
    let mut compiler = protox::Compiler::new([proto])?;
    compiler.include_imports(true).include_source_info(true);
    for file in &files {
        compiler.open_file(file)?;
    }
    Ok(compiler.descriptor_pool())
}

/// The schema's package: the one whose code is generated.
pub(crate) const PACKAGE: &str = "incamera.v1";
