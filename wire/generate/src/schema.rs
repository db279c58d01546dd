//! Compiling the schema with protox.

use std::path::Path;

use prost_reflect::DescriptorPool;

use crate::Failure;

/// The files of the schema, in the order in which the generated table lists their messages.
const FILES: [&str; 10] = [
    "limits",
    "envelope",
    "admission",
    "event",
    "commit",
    "state",
    "identity",
    "relay",
    "media",
    "transport",
];

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_schema_is_compiled() {
        let proto = crate::root().join("proto");
        let folder = std::fs::read_dir(proto.join("incamera/v1")).unwrap();
        let mut found: Vec<_> = folder.map(|file| file.unwrap().file_name()).collect();
        let mut listed = FILES.map(|name| std::ffi::OsString::from(format!("{name}.proto")));
        found.sort();
        listed.sort();
        assert_eq!(found, listed);
        assert!(compile(&proto).unwrap().get_message_by_name("incamera.v1.Envelope").is_some());
    }

    #[test]
    fn a_schema_that_is_not_there_is_refused() {
        assert!(compile(&crate::root().join("nowhere")).is_err());
    }
}
