//! Whom this person knows, and whom it has verified: kept by the application from meeting to
//! meeting, never sent anywhere.

use std::collections::BTreeMap;

use incamera_wire::Fingerprint;

use super::DisplayName;
use crate::error::Error;

/// The most contacts kept.
const MAX_CONTACTS: usize = 4_096;

/// Somebody whom this person knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// The identity.
    pub fingerprint: Fingerprint,
    /// The display name that it goes by: 1 to 64 bytes without control characters.
    pub name: String,
    /// Whether the two have compared their pair code.
    pub verified: bool,
}

/// The contacts, by fingerprint: at most 4,096.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Contacts(BTreeMap<Fingerprint, Known>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Known {
    name: String,
    /// The name as it is compared.
    alike: String,
    verified: bool,
}

impl Contacts {
    /// The contacts that the application kept, in any order.
    ///
    /// # Errors
    /// [`Error::Argument`] if there are more than 4,096, if an identity is listed twice, or if a name
    /// is no display name.
    pub(crate) fn new(contacts: Vec<Contact>) -> Result<Self, Error> {
        if contacts.len() > MAX_CONTACTS {
            return Err(TOO_MANY);
        }
        let mut known = Self::default();
        for Contact { fingerprint, name, verified } in contacts {
            if known.0.contains_key(&fingerprint) {
                return Err(Error::Argument("a contact is listed twice: give each identity once"));
            }
            known.mark(fingerprint, &name, verified)?;
        }
        Ok(known)
    }

    /// Adds a contact, or gives one another name and mark.
    ///
    /// # Errors
    /// [`Error::Argument`] if a new one would be the 4,097th, or if `name` is no display name;
    /// nothing has changed.
    pub(crate) fn mark(
        &mut self,
        fingerprint: Fingerprint,
        name: &str,
        verified: bool,
    ) -> Result<(), Error> {
        if self.0.len() >= MAX_CONTACTS && !self.0.contains_key(&fingerprint) {
            return Err(TOO_MANY);
        }
        let name = DisplayName::new(name)?.as_str().to_owned();
        let alike = alike(&name);
        self.0.insert(fingerprint, Known { name, alike, verified });
        Ok(())
    }

    /// Whether this very identity was verified. A mark follows the key and nothing else.
    pub(crate) fn is_verified(&self, fingerprint: &Fingerprint) -> bool {
        // SPEC [I6]
        self.0.get(fingerprint).is_some_and(|known| known.verified)
    }

    /// All contacts, sorted by fingerprint.
    pub(crate) fn to_vec(&self) -> Vec<Contact> {
        let contact = |(fingerprint, known): (&Fingerprint, &Known)| Contact {
            fingerprint: *fingerprint,
            name: known.name.clone(),
            verified: known.verified,
        };
        self.0.iter().map(contact).collect()
    }

    /// The verified contact whose name somebody with another key goes by, or one that looks alike:
    /// that somebody may be an impostor, or the contact with a new key. The one of the lowest
    /// fingerprint, if there are several.
    ///
    /// Names look alike if they are equal without regard to case, white space and characters that
    /// do not show. Letters of different scripts or with different accents that look alike are told
    /// apart here: comparing pair codes is what finds those.
    pub(crate) fn impostor(&self, name: &str, fingerprint: &Fingerprint) -> Option<Fingerprint> {
        let alike = alike(name);
        // Two contacts of one name who are both verified under it are no news.
        let is_own = self.0.get(fingerprint).is_some_and(|own| own.verified && own.alike == alike);
        if is_own {
            return None;
        }
        // SPEC [I6]
        let mut copied = self.0.iter().filter(|(_, known)| known.verified && known.alike == alike);
        copied.next().map(|(of, _)| *of)
    }
}

/// What a caller is told who keeps too many contacts.
const TOO_MANY: Error = Error::Argument("at most 4,096 contacts are kept: forget some");

/// A name as it is compared: upper case and back, because some letters share only their upper case,
/// and without all that does not show.
fn alike(name: &str) -> String {
    let shown = name.chars().filter(|c| !c.is_whitespace() && !is_invisible(*c));
    shown.flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect()
}

/// Characters that a display name may have and that show as nothing or as a space.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}')
        || matches!(c, '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2065}')
        || matches!(c, '\u{206a}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}')
        || matches!(c, '\u{ffa0}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}')
        || matches!(c, '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who(number: u16) -> Fingerprint {
        let mut bytes = [0; 32];
        bytes[..2].copy_from_slice(&number.to_be_bytes());
        Fingerprint::new(bytes)
    }

    fn contact(number: u16, name: &str, verified: bool) -> Contact {
        Contact { fingerprint: who(number), name: name.to_owned(), verified }
    }

    fn contacts() -> Contacts {
        Contacts::new(vec![contact(2, "Ben", false), contact(1, "Ada Lovelace", true)]).unwrap()
    }

    #[test]
    fn contacts_come_back_sorted() {
        let all = contacts().to_vec();
        assert_eq!(all, [contact(1, "Ada Lovelace", true), contact(2, "Ben", false)]);
        assert_eq!(Contacts::new(all).unwrap(), contacts());
    }

    #[test]
    fn a_mark_follows_the_key_alone() {
        // SPEC [I6]
        let mut contacts = contacts();
        let verified = |contacts: &Contacts| [1, 2, 3].map(|at| contacts.is_verified(&who(at)));
        assert_eq!(verified(&contacts), [true, false, false]);
        contacts.mark(who(3), "Ada Lovelace", false).unwrap();
        contacts.mark(who(2), "Ben", true).unwrap();
        contacts.mark(who(1), "Ada Lovelace", false).unwrap();
        assert_eq!(verified(&contacts), [false, true, false]);
    }

    #[test]
    fn the_name_of_a_verified_contact_under_another_key_is_an_alarm() {
        // SPEC [I6]
        let contacts = contacts();
        for name in [
            "Ada Lovelace",
            "  ada lovelace ",
            "ADA LOVELACE",
            "AdaLovelace",
            "Ada\u{a0}Love lace",
            "Ada\u{3000}Lovelace",
            "A\u{200b}da Love\u{ad}lace\u{fe0f}",
        ] {
            assert_eq!(contacts.impostor(name, &who(9)), Some(who(1)), "{name:?}");
            // Not under the contact's own key.
            assert_eq!(contacts.impostor(name, &who(1)), None, "{name:?}");
        }
        for name in ["Ada", "Ada Lovelace 2", "Ben", "", " "] {
            assert_eq!(contacts.impostor(name, &who(9)), None, "{name:?}");
        }
    }

    #[test]
    fn letters_are_compared_without_regard_to_case_in_any_script() {
        // SPEC [I6]
        for (known, shown) in
            [("Åsa", "åSA"), ("Юлия", "юлИЯ"), ("Σωκράτης", "ΣΩΚΡΆΤΗΣ"), ("Weiß", "WEISS")]
        {
            let contacts = Contacts::new(vec![contact(1, known, true)]).unwrap();
            assert_eq!(contacts.impostor(shown, &who(9)), Some(who(1)), "{shown}");
        }
    }

    #[test]
    fn the_name_of_an_unverified_contact_is_no_alarm() {
        // SPEC [I6]
        assert_eq!(contacts().impostor("Ben", &who(9)), None);
    }

    #[test]
    fn a_verified_contact_who_takes_the_name_of_another_is_an_alarm() {
        // SPEC [I6]
        let mut contacts = contacts();
        contacts.mark(who(2), "Ben", true).unwrap();
        assert_eq!(contacts.impostor("Ada Lovelace", &who(2)), Some(who(1)));
        // Once both are verified under that name, it is theirs.
        contacts.mark(who(2), "ada lovelace", true).unwrap();
        assert_eq!(contacts.impostor("Ada Lovelace", &who(2)), None);
        assert_eq!(contacts.impostor("Ada Lovelace", &who(1)), None);
        // An unverified mark under that name does not make it so.
        contacts.mark(who(2), "Ada Lovelace", false).unwrap();
        assert_eq!(contacts.impostor("Ada Lovelace", &who(2)), Some(who(1)));
    }

    #[test]
    fn contacts_listed_twice_or_without_a_name_are_refused() {
        let twice = vec![contact(1, "Ada", true), contact(1, "Eve", false)];
        assert!(matches!(Contacts::new(twice), Err(Error::Argument(_))));
        for name in ["", "a\u{202e}b", "x".repeat(65).as_str()] {
            assert!(Contacts::new(vec![contact(1, name, true)]).is_err(), "{name:?}");
            let mut marked = contacts();
            assert!(marked.mark(who(1), name, false).is_err(), "{name:?}");
            assert_eq!(marked, contacts());
        }
    }

    #[test]
    fn contacts_are_bounded() {
        let full = |count| (0..count).map(|at| contact(at, "Ada", false)).collect::<Vec<_>>();
        assert_eq!(Contacts::new(full(4_097)), Err(TOO_MANY));
        let mut contacts = Contacts::new(full(4_096)).unwrap();
        assert_eq!(contacts.mark(who(4_096), "Ada", true), Err(TOO_MANY));
        // Whoever is there can still be marked.
        assert_eq!(contacts.mark(who(4_095), "Ada", true), Ok(()));
        assert_eq!(contacts.to_vec().len(), 4_096);
    }
}
