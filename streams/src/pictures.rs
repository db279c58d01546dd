//! The decoded pictures of a stream, where ffmpeg is installed.

use std::fs;
use std::process::{Command, Stdio};

use crate::corpus::media;

/// The MD5 of decoded pictures, as `pictures.md5` has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pictures(pub String);

/// What `pictures.md5` says of a file of the corpus.
pub fn expected_pictures(name: &str) -> Option<Pictures> {
    let list = fs::read_to_string(media().join("streams/pictures.md5")).expect("the list");
    let line = list.lines().find(|line| line.ends_with(&format!(" {name}")))?;
    Some(Pictures(line.split(' ').next()?.to_owned()))
}

/// The pictures of a file with this content, whose name says its format; `None` without ffmpeg.
pub fn pictures(name: &str, content: &[u8]) -> Option<Pictures> {
    let path = std::env::temp_dir().join(format!("incamera-{}-{name}", std::process::id()));
    fs::write(&path, content).expect("a temporary file");
    let command = Command::new("ffmpeg")
        .args(["-v", "error", "-xerror", "-i"])
        .arg(&path)
        .args(["-map", "0:v", "-fps_mode", "passthrough", "-pix_fmt", "yuv420p"])
        .args(["-c:v", "rawvideo", "-f", "md5", "-"])
        .stdin(Stdio::null())
        .output();
    fs::remove_file(&path).expect("the temporary file");
    let output = command.ok()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && errors.is_empty(), "{name}: {errors}");
    let text = String::from_utf8(output.stdout).expect("a checksum");
    Some(Pictures(text.trim().trim_start_matches("MD5=").to_owned()))
}
