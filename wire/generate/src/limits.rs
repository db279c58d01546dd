//! The table of limits, from the options that `limits.proto` declares.

use std::fmt::Write;

use prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value,
};

use crate::Failure;
use crate::schema::PACKAGE;

/// The Rust source of the table: one static rule for each message of the schema.
pub(crate) fn generate(pool: &DescriptorPool) -> Result<String, Failure> {
    let mut source = String::from("// This file is @generated from proto/incamera/v1/.\n");
    let files = pool.files().filter(|file| file.package_name() == PACKAGE);
    for message in files.flat_map(|file| file.messages().collect::<Vec<_>>()) {
        write_message(&mut source, pool, &message)?;
    }
    Ok(source)
}

fn write_message(
    source: &mut String,
    pool: &DescriptorPool,
    message: &MessageDescriptor,
) -> Result<(), Failure> {
    let options = Options { pool, options: message.options(), of: message.full_name().into() };
    let oneofs = message.oneofs().filter(|oneof| !oneof.is_synthetic()).map(|o| o.name().into());
    let oneofs: Vec<String> = oneofs.collect();
    writeln!(source)?;
    writeln!(source, "pub(crate) static {}: MessageRule = MessageRule {{", constant(message))?;
    writeln!(source, "    name: {:?},", message.name())?;
    writeln!(source, "    max_size: {},", options.required("max_size")?)?;
    writeln!(source, "    oneofs: &{oneofs:?},")?;
    writeln!(source, "    fields: &[")?;
    // By ascending number, as the walk demands them on the wire.
    for field in message.fields() {
        writeln!(source, "        {},", field_rule(pool, &field)?)?;
    }
    writeln!(source, "    ],")?;
    writeln!(source, "}};")?;
    Ok(())
}

/// One field's rule, as a Rust expression.
fn field_rule(pool: &DescriptorPool, field: &FieldDescriptor) -> Result<String, Failure> {
    let options = Options { pool, options: field.options(), of: field.full_name().into() };
    let real_oneof = field.containing_oneof().filter(|oneof| !oneof.is_synthetic());
    let kind = kind(&options, field)?;
    let optional = field.field_descriptor_proto().proto3_optional();
    let (min_items, max_items) = if field.is_list() {
        (options.number("min_items")?.unwrap_or(0), options.required("max_items")?)
    } else {
        let needed = !optional && real_oneof.is_none() && kind.needed;
        (u64::from(needed), 1)
    };
    // Fields whose absence means something may hold their default; others must leave it out.
    let explicit = field.is_list() || optional || real_oneof.is_some();
    let oneof = real_oneof
        .and_then(|oneof| field.parent_message().oneofs().position(|other| other == oneof));
    Ok(format!(
        "FieldRule {{ number: {}, name: {:?}, kind: {}, min_items: {min_items}, \
         max_items: {max_items}, explicit: {explicit}, oneof: {oneof:?} }}",
        field.number(),
        field.name(),
        kind.source,
    ))
}

/// What a field may hold.
struct KindRule {
    /// As a Rust expression.
    source: String,
    /// Whether the default value, which is not written, is outside of the limits.
    needed: bool,
}

fn kind(options: &Options<'_>, field: &FieldDescriptor) -> Result<KindRule, Failure> {
    match field.kind() {
        Kind::Message(message) if !field.is_map() => {
            Ok(KindRule { source: format!("Kind::Message(&{})", constant(&message)), needed: true })
        }
        Kind::Bytes => length(options, "Bytes"),
        Kind::String => length(options, "Text"),
        // A list of numbers would be packed, which the walk does not read.
        _ if field.is_list() => Err(options.failure("a list of numbers is not supported")),
        Kind::Uint32 => match options.number("version_is")? {
            Some(version) => {
                Ok(KindRule { source: format!("Kind::Version({version})"), needed: true })
            }
            None => range(options, 0, u64::from(u32::MAX)),
        },
        Kind::Uint64 => range(options, 0, u64::MAX),
        Kind::Bool => range(options, 0, 1),
        Kind::Enum(choices) => {
            let last = choices.values().map(|value| value.number()).max().unwrap_or(0);
            range(options, 1, u64::try_from(last)?)
        }
        _ => Err(options.failure("this type is not supported")),
    }
}

fn range(options: &Options<'_>, lowest: u64, highest: u64) -> Result<KindRule, Failure> {
    let min = options.number("min_value")?.unwrap_or(lowest);
    let max = options.number("max_value")?.unwrap_or(highest);
    Ok(KindRule { source: format!("Kind::Varint {{ min: {min}, max: {max} }}"), needed: min > 0 })
}

fn length(options: &Options<'_>, kind: &str) -> Result<KindRule, Failure> {
    let (min, max) = match options.number("exact_len")? {
        Some(exact) => (exact, exact),
        None => (options.number("min_len")?.unwrap_or(0), options.required("max_len")?),
    };
    Ok(KindRule { source: format!("Kind::{kind} {{ min: {min}, max: {max} }}"), needed: min > 0 })
}

/// The options of one message or field.
struct Options<'a> {
    pool: &'a DescriptorPool,
    options: DynamicMessage,
    of: String,
}

impl Options<'_> {
    /// An option's number, if it is given.
    fn number(&self, name: &str) -> Result<Option<u64>, Failure> {
        let extension = self.pool.get_extension_by_name(&format!("{PACKAGE}.{name}"));
        let extension = extension.ok_or_else(|| self.failure("names an unknown option"))?;
        if !self.options.has_extension(&extension) {
            return Ok(None);
        }
        match *self.options.get_extension(&extension) {
            Value::U32(number) => Ok(Some(number.into())),
            Value::U64(number) => Ok(Some(number)),
            _ => Err(self.failure("has an option that is no number")),
        }
    }

    /// An option's number, without which the schema is not complete.
    fn required(&self, name: &str) -> Result<u64, Failure> {
        self.number(name)?.ok_or_else(|| self.failure(&format!("has no {name}")))
    }

    fn failure(&self, what: &str) -> Failure {
        format!("{}: {what}", self.of).into()
    }
}

/// The name of a message's rule, such as `WELCOME_NOTE`.
fn constant(message: &MessageDescriptor) -> String {
    let mut name = String::new();
    for (index, character) in message.name().char_indices() {
        if character.is_uppercase() && index > 0 {
            name.push('_');
        }
        name.push(character.to_ascii_uppercase());
    }
    name
}

#[cfg(test)]
mod tests {
    use protox::file::{ChainFileResolver, File, FileResolver, GoogleFileResolver};

    use super::*;

    /// A schema of one message with these fields, beside the real options.
    struct OneMessage(String);

    impl FileResolver for OneMessage {
        fn open_file(&self, name: &str) -> Result<File, protox::Error> {
            let options = crate::root().join("proto/incamera/v1/limits.proto");
            match name {
                "one.proto" => File::from_source(name, &self.0),
                "limits.proto" => {
                    File::from_source(name, &std::fs::read_to_string(options).unwrap())
                }
                _ => Err(protox::Error::file_not_found(name)),
            }
        }
    }

    fn table(message: &str) -> Result<String, Failure> {
        let head = "syntax = 'proto3'; package incamera.v1; import 'limits.proto';";
        let mut resolver = ChainFileResolver::new();
        resolver.add(OneMessage(format!("{head} message One {{ {message} }}")));
        resolver.add(GoogleFileResolver::new());
        let mut compiler = protox::Compiler::with_file_resolver(resolver);
        compiler.include_imports(true).open_file("one.proto")?;
        generate(&compiler.descriptor_pool())
    }

    #[test]
    fn a_field_without_a_limit_is_refused() {
        // SPEC [W3]
        for (field, fault) in [
            ("bytes a = 1;", "incamera.v1.One.a: has no max_len"),
            ("string a = 1 [(min_len) = 1];", "incamera.v1.One.a: has no max_len"),
            ("repeated bytes a = 1 [(exact_len) = 1];", "incamera.v1.One.a: has no max_items"),
            ("repeated uint64 a = 1;", "incamera.v1.One.a: a list of numbers is not supported"),
            ("map<string, bytes> a = 1;", "incamera.v1.One.a: this type is not supported"),
            ("double a = 1;", "incamera.v1.One.a: this type is not supported"),
        ] {
            let refused = table(&format!("option (max_size) = 9; {field}")).unwrap_err();
            assert_eq!(refused.to_string(), fault);
        }
        let refused = table("uint64 a = 1;").unwrap_err();
        assert_eq!(refused.to_string(), "incamera.v1.One: has no max_size");
    }

    #[test]
    fn a_fields_rule_follows_from_its_options() {
        let rules = table(
            "option (max_size) = 9; uint64 a = 1 [(min_value) = 2, (max_value) = 5];
             optional bytes b = 2 [(exact_len) = 4]; oneof c { bool d = 3; One e = 4; }",
        );
        let rules = rules.unwrap();
        for expected in [
            "oneofs: &[\"c\"],",
            "name: \"a\", kind: Kind::Varint { min: 2, max: 5 }, min_items: 1, max_items: 1, \
             explicit: false, oneof: None }",
            "name: \"b\", kind: Kind::Bytes { min: 4, max: 4 }, min_items: 0, max_items: 1, \
             explicit: true, oneof: None }",
            "name: \"d\", kind: Kind::Varint { min: 0, max: 1 }, min_items: 0, max_items: 1, \
             explicit: true, oneof: Some(0) }",
            "name: \"e\", kind: Kind::Message(&ONE), min_items: 0, max_items: 1, \
             explicit: true, oneof: Some(0) }",
        ] {
            assert!(rules.contains(expected), "{expected} is not in {rules}");
        }
    }
}
