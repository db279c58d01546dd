//! Wycheproof's files of vectors, read for the tests of each primitive where it is used
//! (tests/vectors/wycheproof/SOURCES.md).

use core::fmt;

use serde_json::Value;

/// A file of the folder, as it stands in the program.
macro_rules! file {
    ($name:literal) => {
        include_str!(concat!("../tests/vectors/wycheproof/", $name, "_test.json"))
    };
}

pub(crate) const AES_GCM: &str = file!("aes_gcm");
pub(crate) const CHACHA20_POLY1305: &str = file!("chacha20_poly1305");
pub(crate) const XCHACHA20_POLY1305: &str = file!("xchacha20_poly1305");
pub(crate) const HKDF_SHA256: &str = file!("hkdf_sha256");
pub(crate) const HKDF_SHA512: &str = file!("hkdf_sha512");
pub(crate) const HMAC_SHA256: &str = file!("hmac_sha256");
pub(crate) const HMAC_SHA512: &str = file!("hmac_sha512");
pub(crate) const X25519: &str = file!("x25519");
pub(crate) const ED25519: &str = file!("ed25519");
pub(crate) const ML_KEM_768: &str = file!("mlkem_768");

/// One case, with its group's fields.
pub(crate) struct Case {
    group: Value,
    case: Value,
}

/// Every case of a file, as many as the file says.
pub(crate) fn cases(file: &str) -> Vec<Case> {
    let file: Value = serde_json::from_str(file).unwrap();
    let mut cases = Vec::new();
    for group in file["testGroups"].as_array().unwrap() {
        let tests = group["tests"].as_array().unwrap();
        cases.extend(tests.iter().map(|case| Case { group: group.clone(), case: case.clone() }));
    }
    assert_eq!(cases.len() as u64, file["numberOfTests"].as_u64().unwrap());
    cases
}

/// The bytes that a text of hex digits stands for.
fn hex(text: &str) -> Vec<u8> {
    assert_eq!(text.len() % 2, 0);
    let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(byte).collect()
}

impl Case {
    /// A field of the case in hex.
    pub(crate) fn bytes(&self, name: &str) -> Vec<u8> {
        self.bytes_if_there(name).unwrap_or_else(|| panic!("{self} has no {name}"))
    }

    /// The same, if there is such a field.
    pub(crate) fn bytes_if_there(&self, name: &str) -> Option<Vec<u8>> {
        self.case[name].as_str().map(hex)
    }

    /// A field of a fixed length.
    pub(crate) fn array<const N: usize>(&self, name: &str) -> [u8; N] {
        self.bytes(name).try_into().unwrap_or_else(|_| panic!("{self}: {name} has another length"))
    }

    /// A field that is a number: of the case, or else of its group.
    pub(crate) fn number(&self, name: &str) -> usize {
        let number = self.case[name].as_u64().or_else(|| self.group[name].as_u64());
        usize::try_from(number.unwrap()).unwrap()
    }

    /// The public key of the group.
    pub(crate) fn group_key(&self) -> Vec<u8> {
        hex(self.group["publicKey"]["pk"].as_str().unwrap())
    }

    /// Whether the file says that it must be taken. Those that it calls acceptable are neither this
    /// nor invalid: whoever runs them says what becomes of them.
    pub(crate) fn is_valid(&self) -> bool {
        self.case["result"] == "valid"
    }

    /// Whether the file says that it must be refused.
    pub(crate) fn is_invalid(&self) -> bool {
        self.case["result"] == "invalid"
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "case {} ({})", self.case["tcId"], self.case["comment"])
    }
}
