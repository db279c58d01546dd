//! One contract for every store.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::*;

const MEETING: MeetingId = MeetingId::new([1; 16]);
const OTHER: MeetingId = MeetingId::new([2; 16]);
/// For news to come in, on a busy machine.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(20);
const START: u64 = 1_000_000;
const LIMITS: StoreLimits =
    StoreLimits { meetings: 2, log_bytes: 2000, blob_bytes: 100, idle_seconds: 60 };

/// A directory for one test, removed when dropped.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("incamera-store-{}-{number}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn id(number: u8) -> MessageId {
    MessageId::new([number; 16])
}

fn bytes(number: u8, length: usize) -> Bytes {
    vec![number; length].into()
}

/// Every kind of store, and what has to live as long; NATS only where it is installed.
async fn all() -> ((Directory, Option<nats::Servers>), Vec<Store>) {
    let directory = Directory::new();
    let disk = Store::disk(&directory.0, LIMITS, START).unwrap();
    let mut stores = vec![Store::memory(LIMITS, 1 << 20, START), disk];
    let servers = nats::Servers::start(1);
    if let Some(servers) = &servers {
        stores.push(nats_store(servers).await);
    }
    ((directory, servers), stores)
}

/// A store on servers that were started just now.
async fn nats_store(servers: &nats::Servers) -> Store {
    let settings = NatsSettings { url: servers.url(), replicas: 1, credentials: None };
    let end = tokio::time::Instant::now() + PATIENCE;
    loop {
        match Store::nats(settings.clone(), LIMITS, START).await {
            Ok(store) => return store,
            Err(error) if tokio::time::Instant::now() > end => panic!("{error}"),
            Err(_) => tokio::task::yield_now().await,
        }
    }
}

/// The next that is told.
async fn next(news: &mut broadcast::Receiver<News>) -> News {
    tokio::time::timeout(PATIENCE, news.recv()).await.expect("news come").unwrap()
}

/// The next that is told, which is an entry.
async fn told(news: &mut broadcast::Receiver<News>) -> (u64, Bytes) {
    match next(news).await {
        News::Log { seq, bytes } => (seq, bytes),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn entries_have_numbers_without_gaps_and_are_told_in_order() {
    let (_kept, stores) = all().await;
    for store in stores {
        let mut news = store.subscribe(MEETING).await.unwrap();
        for number in 0..5 {
            assert_eq!(store.next(MEETING).await, Ok(number));
            let (id, bytes) = (id(number as u8), bytes(number as u8, 10));
            assert_eq!(store.append(MEETING, id, bytes.clone()).await, Ok(number));
            assert_eq!(told(&mut news).await, (number, bytes));
        }
        let page = store.read(MEETING, 2, 1000).await.unwrap();
        let numbers: Vec<u64> = page.iter().map(|(seq, _)| *seq).collect();
        assert_eq!(numbers, [2, 3, 4]);
        assert_eq!(store.next(OTHER).await, Ok(0));
        assert!(store.read(OTHER, 0, 1000).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn an_id_is_appended_once_and_in_its_meeting_alone() {
    let (_kept, stores) = all().await;
    for store in stores {
        let mut news = store.subscribe(MEETING).await.unwrap();
        assert_eq!(store.append(MEETING, id(1), bytes(1, 10)).await, Ok(0));
        assert_eq!(store.append(MEETING, id(1), bytes(2, 20)).await, Ok(0));
        assert_eq!(store.append(OTHER, id(1), bytes(3, 30)).await, Ok(0));
        assert_eq!(store.next(MEETING).await, Ok(1));
        assert_eq!(told(&mut news).await, (0, bytes(1, 10)));
        // No second entry is told between the first and the next.
        assert_eq!(store.append(MEETING, id(2), bytes(2, 20)).await, Ok(1));
        assert_eq!(told(&mut news).await, (1, bytes(2, 20)));
    }
}

#[tokio::test]
async fn a_page_has_one_entry_at_least() {
    let (_kept, stores) = all().await;
    for store in stores {
        for number in 0..4 {
            store.append(MEETING, id(number), bytes(number, 100)).await.unwrap();
        }
        assert_eq!(store.read(MEETING, 1, 1).await.unwrap().len(), 1);
        assert_eq!(store.read(MEETING, 1, 200).await.unwrap().len(), 2);
        assert_eq!(store.read(MEETING, 4, 200).await.unwrap().len(), 0);
        assert_eq!(store.read(MEETING, u64::MAX, 200).await.unwrap().len(), 0);
    }
}

#[tokio::test]
async fn a_full_log_refuses_what_is_new_and_takes_what_is_repeated() {
    let (_kept, stores) = all().await;
    for store in stores {
        assert_eq!(store.append(MEETING, id(1), bytes(1, 1800)).await, Ok(0));
        let full = StoreError::LogFull { free_bytes: 2000 - 1800 - 64 };
        assert_eq!(store.append(MEETING, id(2), bytes(2, 137)).await, Err(full));
        assert_eq!(store.append(MEETING, id(1), bytes(1, 1800)).await, Ok(0));
        assert_eq!(store.append(MEETING, id(3), bytes(3, 72)).await, Ok(1));
    }
}

#[tokio::test]
async fn one_meeting_too_many_is_refused() {
    let (_kept, stores) = all().await;
    for store in stores {
        for meeting in [MEETING, OTHER] {
            store.append(meeting, id(1), bytes(1, 10)).await.unwrap();
        }
        let third = store.append(MeetingId::new([3; 16]), id(1), bytes(1, 10)).await;
        assert_eq!(third, Err(StoreError::TooManyMeetings { limit: 2 }));
    }
}

#[tokio::test]
async fn the_oldest_blobs_go_first_and_the_newest_stays() {
    let (_kept, stores) = all().await;
    for store in stores {
        let hash = |number| BlobHash::new([number; 32]);
        for number in 1..=3 {
            store.put_blob(MEETING, hash(number), bytes(number, 40)).await.unwrap();
            store.put_blob(MEETING, hash(number), bytes(number, 40)).await.unwrap();
        }
        assert_eq!(store.blob(MEETING, hash(1)).await, Ok(None));
        assert_eq!(store.blob(MEETING, hash(2)).await, Ok(Some(bytes(2, 40))));
        assert_eq!(store.blob(OTHER, hash(2)).await, Ok(None));
        store.put_blob(MEETING, hash(4), bytes(4, 500)).await.unwrap();
        assert_eq!(store.blob(MEETING, hash(3)).await, Ok(None));
        assert_eq!(store.blob(MEETING, hash(4)).await, Ok(Some(bytes(4, 500))));
    }
}

#[tokio::test]
async fn an_idle_meeting_is_deleted_and_its_connections_hear_it() {
    let (_kept, stores) = all().await;
    for store in stores {
        let hash = BlobHash::new([7; 32]);
        store.append(MEETING, id(1), bytes(1, 10)).await.unwrap();
        store.put_blob(MEETING, hash, bytes(1, 40)).await.unwrap();
        let mut news = store.subscribe(MEETING).await.unwrap();
        store.sweep(START + 50).await;
        store.append(OTHER, id(1), bytes(1, 10)).await.unwrap();
        store.sweep(START + 59).await;
        assert_eq!(store.next(MEETING).await, Ok(1));
        store.sweep(START + 60).await;
        assert!(matches!(next(&mut news).await, News::Gone));
        assert_eq!(store.next(MEETING).await, Ok(0));
        assert_eq!(store.next(OTHER).await, Ok(1), "its post was later");
        assert_eq!(store.blob(MEETING, hash).await, Ok(None));
        assert!(store.read(MEETING, 0, 1000).await.unwrap().is_empty());
        assert_eq!(store.append(MEETING, id(1), bytes(9, 1900)).await, Ok(0), "all is free again");
    }
}

#[tokio::test]
async fn many_at_once_all_get_a_number_of_their_own() {
    let (_kept, stores) = all().await;
    for store in stores {
        let store = Arc::new(store);
        let posts: Vec<_> = (0..20)
            .map(|number| {
                let store = Arc::clone(&store);
                tokio::spawn(async move { store.append(MEETING, id(number), bytes(1, 8)).await })
            })
            .collect();
        let mut numbers = Vec::new();
        for post in posts {
            numbers.push(post.await.unwrap().unwrap());
        }
        numbers.sort_unstable();
        assert_eq!(numbers, (0..20).collect::<Vec<u64>>());
    }
}

#[tokio::test]
async fn a_store_on_disk_has_everything_when_it_is_opened_again() {
    let directory = Directory::new();
    let hash = BlobHash::new([7; 32]);
    let store = Store::disk(&directory.0, LIMITS, START).unwrap();
    store.append(MEETING, id(1), bytes(1, 10)).await.unwrap();
    store.put_blob(MEETING, hash, bytes(2, 40)).await.unwrap();
    store.close().await;
    assert!(matches!(
        store.append(MEETING, id(2), bytes(1, 10)).await,
        Err(StoreError::Unavailable(_))
    ));
    let store = Store::disk(&directory.0, LIMITS, START).unwrap();
    assert_eq!(store.append(MEETING, id(1), bytes(1, 10)).await, Ok(0));
    assert_eq!(store.append(MEETING, id(2), bytes(3, 10)).await, Ok(1));
    assert_eq!(store.read(MEETING, 0, 10).await.unwrap(), [(0, bytes(1, 10))]);
    assert_eq!(store.blob(MEETING, hash).await, Ok(Some(bytes(2, 40))));
}

#[tokio::test]
async fn all_memory_together_is_bounded() {
    let store = Store::memory(LIMITS, 1000, START);
    store.append(MEETING, id(1), bytes(1, 500)).await.unwrap();
    let full = store.append(OTHER, id(1), bytes(1, 500)).await;
    assert_eq!(full, Err(StoreError::LogFull { free_bytes: 1000 - 564 }));
    store.sweep(START + 60).await;
    assert_eq!(store.append(OTHER, id(1), bytes(1, 500)).await, Ok(0));
}

#[tokio::test]
async fn who_listens_to_nothing_takes_no_place() {
    let store = Store::memory(LIMITS, 1000, START);
    for number in 10..100 {
        drop(store.subscribe(MeetingId::new([number; 16])).await.unwrap());
    }
}

#[test]
fn a_file_that_is_no_database_is_said_in_one_line() {
    let directory = Directory::new();
    std::fs::create_dir_all(&directory.0).unwrap();
    std::fs::write(directory.0.join("incamera-relay.redb"), vec![0x5a; 100_000]).unwrap();
    let error = Store::disk(&directory.0, LIMITS, START).unwrap_err().to_string();
    assert!(error.contains("incamera-relay.redb") && error.lines().count() == 1, "{error}");
}

#[tokio::test]
async fn both_stores_do_the_same_whatever_is_asked() {
    let directory = Directory::new();
    let disk = Store::disk(&directory.0, LIMITS, START).unwrap();
    let memory = Store::memory(LIMITS, 1 << 20, START);
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    let mut now = START;
    for _ in 0..400 {
        let meeting = MeetingId::new([random(3) as u8; 16]);
        let (number, length) = (random(40) as u8, random(300) as usize);
        match random(6) {
            0 | 1 => {
                let entry = bytes(number, length);
                let of_disk = disk.append(meeting, id(number), entry.clone()).await;
                assert_eq!(memory.append(meeting, id(number), entry).await, of_disk);
            }
            2 => {
                let (hash, blob) = (BlobHash::new([number; 32]), bytes(number, length / 4));
                let of_disk = disk.put_blob(meeting, hash, blob.clone()).await;
                assert_eq!(memory.put_blob(meeting, hash, blob).await, of_disk);
            }
            3 => {
                let (from, most) = (random(20), random(1000) as usize);
                let of_disk = disk.read(meeting, from, most).await;
                assert_eq!(memory.read(meeting, from, most).await, of_disk);
            }
            4 => {
                let hash = BlobHash::new([number; 32]);
                assert_eq!(memory.blob(meeting, hash).await, disk.blob(meeting, hash).await);
                assert_eq!(memory.next(meeting).await, disk.next(meeting).await);
            }
            _ => {
                now += random(40);
                memory.sweep(now).await;
                disk.sweep(now).await;
            }
        }
    }
}
