//! The prost types.

use prost_build::{Config, Module};
use prost_reflect::DescriptorPool;

use crate::Failure;
use crate::schema::PACKAGE;

/// The Rust source of the schema's prost types.
///
/// They have no `Debug`: some hold secrets for the moment between bytes and validated values.
pub(crate) fn generate(pool: &DescriptorPool) -> Result<String, Failure> {
    let module = Module::from_protobuf_package_name(PACKAGE);
    let requests = pool
        .files()
        .filter(|file| file.package_name() == PACKAGE)
        .map(|file| (module.clone(), file.file_descriptor_proto().clone()))
        .collect();
    let mut config = Config::new();
    config.skip_debug(["."]).disable_comments(["."]);
    let mut generated = config.generate(requests)?;
    generated.remove(&module).ok_or_else(|| Failure::from("no code was generated"))
}
