//! Rewrites `wire/src/generated/` from `proto/`: `cargo run -p incamera-wire-generate`.

fn main() -> Result<(), incamera_wire_generate::Failure> {
    for (path, contents) in incamera_wire_generate::generate()? {
        std::fs::write(incamera_wire_generate::root().join(path), contents)?;
    }
    Ok(())
}
