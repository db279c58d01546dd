//! A snapshot in a file: replaced as a whole, so that a crash at any moment leaves the old one or the
//! new one.
//!
//! It holds no key and looks at nothing but the snapshot's clear head: its generation.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

/// What the file begins with; the length of the snapshot follows as 8 bytes, big-endian.
const MAGIC: &[u8; 16] = b"incamera store 1";
/// The length of what precedes the snapshot, in bytes.
const HEAD: usize = MAGIC.len() + 8;
/// Where the snapshot's own head has its generation: behind the version.
const GENERATION: core::ops::Range<usize> = 1..9;
/// The most that is read, in bytes: far more than any snapshot has.
const MAX_LEN: u64 = 1 << 28;

/// Why a snapshot was not stored or not loaded. The file is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The operating system could not read or write.
    #[error("the snapshot's file cannot be read or written: {0}")]
    Io(#[from] io::Error),
    /// The file, or what shall be stored, is something else.
    #[error("this is no file of incamera's: look at the path")]
    Foreign,
    /// The file was cut off, or something was appended: not by this store.
    #[error("the snapshot's file is not as long as it was written: it was cut off or appended to")]
    Truncated,
    /// The file's snapshot is older than the one that the caller knows.
    #[error("the stored snapshot has generation {generation}, which is older than the one known")]
    RolledBack {
        /// The generation in the file.
        generation: u64,
    },
    /// The file has a snapshot already that is not older: two clients write to one file.
    #[error("generation {generation} is stored already: two clients write to this file")]
    NotNewer {
        /// The generation in the file.
        generation: u64,
    },
}

/// One file with one snapshot: [`Meeting::snapshot`](crate::Meeting::snapshot).
#[derive(Clone, Debug)]
pub struct FileStore {
    path: PathBuf,
}

impl FileStore {
    /// The store at `path`, in a directory that exists and that only its user may read. A file of
    /// the same name with `.new` appended is this store's too. It need not be there yet.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Replaces what is stored by `snapshot`, as a whole: a temporary file in the same directory is
    /// written and flushed, then renamed, then the directory is flushed. Once this returns, a crash
    /// does not take it back.
    ///
    /// # Errors
    /// [`StoreError::Io`]; [`StoreError::Foreign`] if `snapshot` or the file is something else;
    /// [`StoreError::NotNewer`] if the file has this generation or a later one. After an
    /// [`Io`](StoreError::Io) either is stored.
    pub fn save(&self, snapshot: &[u8]) -> Result<(), StoreError> {
        self.save_on(&mut Disk, snapshot)
    }

    /// What is stored; `None` if nothing is. `at_least` is the generation that the caller knows from
    /// elsewhere, 0 if it knows none.
    ///
    /// # Errors
    /// [`StoreError::Io`], [`StoreError::Foreign`], [`StoreError::Truncated`],
    /// [`StoreError::RolledBack`].
    pub fn load(&self, at_least: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(snapshot) = self.read()? else { return Ok(None) };
        let generation = generation(&snapshot).ok_or(StoreError::Foreign)?;
        // SPEC [R8]
        if generation < at_least {
            return Err(StoreError::RolledBack { generation });
        }
        Ok(Some(snapshot))
    }

    /// Deletes what is stored, once the membership is over.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn delete(&self) -> Result<(), StoreError> {
        for path in [self.temporary(), self.path.clone()] {
            match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
                _ => {}
            }
        }
        Ok(())
    }

    fn save_on(&self, disk: &mut impl Steps, snapshot: &[u8]) -> Result<(), StoreError> {
        let new = generation(snapshot).ok_or(StoreError::Foreign)?;
        // A file that was cut off holds nothing to lose.
        let stored = match self.read() {
            Err(StoreError::Truncated) => None,
            stored => stored?,
        };
        let stored = stored.as_deref().and_then(generation);
        if let Some(generation) = stored.filter(|stored| *stored >= new) {
            return Err(StoreError::NotNewer { generation });
        }
        let length = (snapshot.len() as u64).to_be_bytes();
        let temporary = self.temporary();
        // SPEC [R9]
        disk.write(&temporary, &[MAGIC.as_slice(), &length, snapshot])?;
        disk.rename(&temporary, &self.path)?;
        disk.sync_directory(&self.path)?;
        Ok(())
    }

    fn read(&self) -> Result<Option<Vec<u8>>, StoreError> {
        let file = match File::open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        let mut bytes = Vec::new();
        file.take(MAX_LEN).read_to_end(&mut bytes)?;
        let (head, snapshot) = bytes.split_at_checked(HEAD).ok_or(match bytes.is_empty() {
            true => StoreError::Truncated,
            false if MAGIC.starts_with(bytes.get(..16).unwrap_or(&bytes)) => StoreError::Truncated,
            false => StoreError::Foreign,
        })?;
        let (magic, length) = head.split_at(MAGIC.len());
        if magic != MAGIC {
            return Err(StoreError::Foreign);
        }
        if length != (snapshot.len() as u64).to_be_bytes() {
            return Err(StoreError::Truncated);
        }
        Ok(Some(snapshot.to_vec()))
    }

    fn temporary(&self) -> PathBuf {
        let mut name = self.path.as_os_str().to_owned();
        name.push(".new");
        name.into()
    }
}

/// The generation in a snapshot's clear head.
fn generation(snapshot: &[u8]) -> Option<u64> {
    let bytes = snapshot.get(GENERATION)?.try_into().ok()?;
    Some(u64::from_be_bytes(bytes))
}

/// The steps of a save that a crash can come between.
trait Steps {
    /// Writes a file anew and flushes it to the disk.
    fn write(&mut self, path: &Path, parts: &[&[u8]]) -> io::Result<()>;
    /// Renames a file over another, as one step.
    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()>;
    /// Flushes the directory that this file is in.
    fn sync_directory(&mut self, of: &Path) -> io::Result<()>;
}

struct Disk;

impl Steps for Disk {
    fn write(&mut self, path: &Path, parts: &[&[u8]]) -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path)?;
        parts.iter().try_for_each(|part| file.write_all(part))?;
        file.sync_all()
    }

    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    #[cfg(unix)]
    fn sync_directory(&mut self, of: &Path) -> io::Result<()> {
        let directory = of.parent().filter(|parent| !parent.as_os_str().is_empty());
        File::open(directory.unwrap_or(Path::new(".")))?.sync_all()
    }

    // Elsewhere a directory cannot be opened to be flushed; the rename is what there is.
    #[cfg(not(unix))]
    fn sync_directory(&mut self, _: &Path) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A directory of this test's own, removed with it.
    struct Place(PathBuf);

    impl Place {
        fn new(name: &str) -> Self {
            let name = format!("incamera-{}-{name}", std::process::id());
            let path = std::env::temp_dir().join(name);
            let _ = fs::remove_dir_all(&path);
            fs::create_dir(&path).unwrap();
            Self(path)
        }

        fn file(&self) -> PathBuf {
            self.0.join("meeting")
        }

        fn store(&self) -> FileStore {
            FileStore::new(self.file())
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn snapshot(generation: u64) -> Vec<u8> {
        [&[1], generation.to_be_bytes().as_slice(), &[7; 100]].concat()
    }

    /// A disk that loses power in the step of this number, the file being half written, or just
    /// before it.
    struct Failing {
        in_step: usize,
        half: bool,
        steps: Vec<&'static str>,
    }

    impl Failing {
        fn fails(&mut self, step: &'static str) -> bool {
            self.steps.push(step);
            self.steps.len() > self.in_step
        }
    }

    impl Steps for Failing {
        fn write(&mut self, path: &Path, parts: &[&[u8]]) -> io::Result<()> {
            if !self.fails("write") {
                return Disk.write(path, parts);
            }
            if self.half {
                let all = parts.concat();
                fs::write(path, &all[..all.len() / 2])?;
            }
            Err(io::ErrorKind::Other.into())
        }

        fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
            if self.fails("rename") {
                return Err(io::ErrorKind::Other.into());
            }
            Disk.rename(from, to)
        }

        fn sync_directory(&mut self, of: &Path) -> io::Result<()> {
            if self.fails("sync") {
                return Err(io::ErrorKind::Other.into());
            }
            Disk.sync_directory(of)
        }
    }

    #[test]
    fn what_was_saved_last_is_loaded() {
        let place = Place::new("saved");
        let store = place.store();
        assert_eq!(store.load(0).unwrap(), None);
        for generation in [1, 2, 9] {
            store.save(&snapshot(generation)).unwrap();
            assert_eq!(place.store().load(generation).unwrap(), Some(snapshot(generation)));
        }
        assert!(!store.temporary().exists());
        store.delete().unwrap();
        assert_eq!(store.load(0).unwrap(), None);
        store.delete().unwrap();
    }

    #[test]
    fn a_crash_at_any_step_leaves_the_old_snapshot_or_the_new_one() {
        // SPEC [R9]
        for (in_step, half) in [(0, false), (0, true), (1, false), (2, false)] {
            let place = Place::new(&format!("crash-{in_step}-{half}"));
            let store = place.store();
            store.save(&snapshot(1)).unwrap();
            let mut disk = Failing { in_step, half, steps: Vec::new() };
            let failed = store.save_on(&mut disk, &snapshot(2));
            assert!(matches!(failed, Err(StoreError::Io(_))), "step {in_step}");
            let stored = store.load(0).unwrap().unwrap();
            let expected = if in_step < 2 { snapshot(1) } else { snapshot(2) };
            assert_eq!(stored, expected, "step {in_step}");
            // What the crash left behind is in nobody's way.
            store.save(&snapshot(3)).unwrap();
            assert_eq!(store.load(3).unwrap(), Some(snapshot(3)));
        }
        let mut disk = Failing { in_step: 9, half: false, steps: Vec::new() };
        let place = Place::new("order");
        place.store().save_on(&mut disk, &snapshot(1)).unwrap();
        assert_eq!(disk.steps, ["write", "rename", "sync"]);
    }

    #[test]
    fn a_truncated_or_appended_file_is_refused_and_can_be_replaced() {
        let place = Place::new("truncated");
        let store = place.store();
        store.save(&snapshot(1)).unwrap();
        let whole = fs::read(place.file()).unwrap();
        for length in 0..whole.len() {
            fs::write(place.file(), &whole[..length]).unwrap();
            assert!(matches!(store.load(0), Err(StoreError::Truncated)), "{length} bytes");
        }
        fs::write(place.file(), [whole.as_slice(), b"x"].concat()).unwrap();
        assert!(matches!(store.load(0), Err(StoreError::Truncated)));
        store.save(&snapshot(1)).unwrap();
        assert_eq!(store.load(0).unwrap(), Some(snapshot(1)));
    }

    #[test]
    fn a_foreign_file_is_refused_and_never_overwritten() {
        let place = Place::new("foreign");
        for foreign in [&b"a letter to somebody, quite long"[..], b"short", &[0; 200]] {
            fs::write(place.file(), foreign).unwrap();
            assert!(matches!(place.store().load(0), Err(StoreError::Foreign)));
            assert!(matches!(place.store().save(&snapshot(1)), Err(StoreError::Foreign)));
            assert_eq!(fs::read(place.file()).unwrap(), foreign);
        }
        fs::remove_file(place.file()).unwrap();
        assert!(matches!(place.store().save(b"short"), Err(StoreError::Foreign)));
        assert!(matches!(FileStore::new(&place.0).load(0), Err(StoreError::Io(_))));
    }

    #[test]
    fn an_older_snapshot_than_the_known_one_is_refused() {
        // SPEC [R8]
        let place = Place::new("older");
        let store = place.store();
        store.save(&snapshot(5)).unwrap();
        assert!(store.load(5).unwrap().is_some());
        assert!(matches!(store.load(6), Err(StoreError::RolledBack { generation: 5 })));
        // Nor does a second client write over the first one's.
        for generation in [4, 5] {
            let refused = store.save(&snapshot(generation));
            assert!(matches!(refused, Err(StoreError::NotNewer { generation: 5 })));
        }
    }

    #[cfg(unix)]
    #[test]
    fn only_its_user_may_read_the_file() {
        use std::os::unix::fs::PermissionsExt as _;
        let place = Place::new("mode");
        place.store().save(&snapshot(1)).unwrap();
        let mode = fs::metadata(place.file()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
