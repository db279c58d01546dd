//! What `--state FILE` keeps beside the meeting: FILE.keys, with the identity's key, the key of the
//! file and the relay.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use incamera::Identity;
use incamera_net::{Relay, Save};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::exit::{Exit, Failure};

/// What is kept.
pub(crate) struct State {
    pub(crate) identity: Identity,
    pub(crate) relay: Relay,
    pub(crate) save: Save,
}

fn keys(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".keys");
    name.into()
}

/// Begins to keep a meeting in `file`: writes the keys, for this user's eyes only.
pub(crate) fn begin(file: &Path, identity: &Identity, relay: &Relay) -> Result<Save, Failure> {
    let path = keys(file);
    let failed = |error: &dyn core::fmt::Display| {
        let text =
            format!("cannot write {}: {error}; choose another file for --state", path.display());
        Failure::new(Exit::Usage, text)
    };
    if file.exists() {
        return Err(failed(&format!("{} has a meeting already", file.display())));
    }
    let mut key = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *key).map_err(|error| failed(&error))?;
    let text = Zeroizing::new(
        json!({
            "name": identity.name(),
            "identity": hex(&*identity.secret_key()),
            "key": hex(&*key),
            "relay": relay.url(),
            "pin": relay.pin().map(|pin| hex(&pin)),
        })
        .to_string(),
    );
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut out = options.open(&path).map_err(|error| failed(&error))?;
    writeln!(out, "{}", *text).and_then(|()| out.sync_all()).map_err(|error| failed(&error))?;
    Ok(Save::new(file, *key))
}

/// Reads what [`begin`] wrote.
pub(crate) fn read(file: &Path) -> Result<State, Failure> {
    let path = keys(file);
    let failed = |why: &dyn core::fmt::Display| {
        Failure::usage(format!(
            "{} cannot be used: {why}; give the file of --state",
            path.display()
        ))
    };
    let text = fs::read_to_string(&path).map(Zeroizing::new).map_err(|error| failed(&error))?;
    let value: Value = serde_json::from_str(&text).map_err(|_| failed(&"it is no JSON"))?;
    let field = |name: &str| value.get(name).and_then(Value::as_str);
    let need = |name: &str| field(name).ok_or_else(|| failed(&format!("it has no {name}")));
    let key = |name: &str| {
        unhex(need(name)?).ok_or_else(|| failed(&format!("its {name} is not 64 hex digits")))
    };
    let identity = Identity::from_secret_key(&*key("identity")?, need("name")?);
    let mut relay = Relay::parse(need("relay")?)?;
    if let Some(pin) = field("pin") {
        relay = relay.with_pin(pin)?;
    }
    Ok(State {
        identity: identity.map_err(|error| failed(&error))?,
        relay,
        save: Save::new(file, *key("key")?),
    })
}

/// Deletes the keys of a meeting that is over.
pub(crate) fn end(file: &Path) {
    // The meeting's own file has gone with the membership; keys without it open nothing.
    if !file.exists() {
        let _ = fs::remove_file(keys(file));
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    let mut bytes = Zeroizing::new([0; 32]);
    // A sign is no digit to us, but is to `from_str_radix`.
    if text.len() != 64 || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    for (byte, at) in bytes.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(text.get(at..at + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_reads_back_and_is_written_once() {
        let directory = std::env::temp_dir().join(format!("incamera-state-{}", std::process::id()));
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir(&directory).unwrap();
        let file = directory.join("meeting");
        let relay = Relay::parse("https://relay.example:9").unwrap().with_certificate([9; 32]);
        let ada = Identity::generate("Ada").unwrap();
        begin(&file, &ada, &relay).unwrap();
        let read_back = read(&file).unwrap();
        assert_eq!(read_back.identity.fingerprint(), ada.fingerprint());
        assert_eq!(read_back.identity.name(), "Ada");
        assert_eq!((read_back.relay.url(), read_back.relay.pin()), (relay.url(), relay.pin()));
        assert_eq!(begin(&file, &ada, &relay).unwrap_err().exit, Exit::Usage);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs::metadata(keys(&file)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        end(&file);
        assert!(read(&file).is_err());
        fs::remove_dir_all(&directory).unwrap();
    }

    #[test]
    fn hex_reads_back_and_nothing_else_does() {
        assert_eq!(*unhex(&hex(&[0xa5; 32])).unwrap(), [0xa5; 32]);
        for wrong in ["", "a5", &"x".repeat(64), &"ä".repeat(32), &"+a".repeat(32)] {
            assert!(unhex(wrong).is_none());
        }
    }
}
