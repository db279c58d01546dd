//! The checked-in code is what the generator makes of `proto/`.

use incamera_wire_generate::{generate, root};

#[test]
fn the_generated_code_is_up_to_date() {
    for (path, expected) in generate().unwrap() {
        let found = std::fs::read_to_string(root().join(&path)).unwrap();
        assert!(
            found == expected,
            "{} differs from the schema: run `cargo run -p incamera-wire-generate`",
            path.display()
        );
    }
}
