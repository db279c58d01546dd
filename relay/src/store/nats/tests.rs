//! What holds between several relays, and while servers die.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::super::*;
use super::*;

const MEETING: MeetingId = MeetingId::new([1; 16]);
const LIMITS: StoreLimits =
    StoreLimits { meetings: 10, log_bytes: 64 << 20, blob_bytes: 64 << 20, idle_seconds: 60 };
const START: u64 = 1_000_000;
/// For anything to happen in, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A store; the servers may have been started just now.
async fn store(servers: &Servers, replicas: usize) -> Store {
    let settings = NatsSettings { url: servers.url(), replicas, credentials: None };
    let end = Instant::now() + PATIENCE;
    loop {
        match Store::nats(settings.clone(), LIMITS, START).await {
            Ok(store) => return store,
            Err(error) if Instant::now() > end => panic!("{error}"),
            Err(_) => tokio::task::yield_now().await,
        }
    }
}

fn id(writer: u8, number: u32) -> MessageId {
    let mut id = [writer; 16];
    id[..4].copy_from_slice(&number.to_be_bytes());
    MessageId::new(id)
}

fn text(writer: u8, number: u32) -> Bytes {
    format!("{writer}/{number}").into()
}

/// Appends under the same id until it is acknowledged, and says how long that took.
async fn append(store: &Store, writer: u8, number: u32) -> (u64, Duration) {
    let begin = Instant::now();
    loop {
        match store.append(MEETING, id(writer, number), text(writer, number)).await {
            Ok(seq) => return (seq, begin.elapsed()),
            Err(error) => assert!(begin.elapsed() < PATIENCE, "{error}"),
        }
    }
}

/// The whole log.
async fn log(store: &Store) -> Vec<Bytes> {
    let mut log = Vec::new();
    while (log.len() as u64) < store.next(MEETING).await.unwrap() {
        for (seq, bytes) in store.read(MEETING, log.len() as u64, 1 << 20).await.unwrap() {
            assert_eq!(seq, log.len() as u64);
            log.push(bytes);
        }
    }
    log
}

async fn next(news: &mut broadcast::Receiver<News>) -> News {
    timeout(PATIENCE, news.recv()).await.expect("news come").unwrap()
}

/// As many entries of news, which must come in order and without gaps. Who lagged behind reads what
/// was missed, as a session does.
async fn told(store: &Store, news: &mut broadcast::Receiver<News>, count: usize) -> Vec<Bytes> {
    let mut log: Vec<Bytes> = Vec::new();
    let mut lagged = false;
    while log.len() < count {
        match timeout(PATIENCE, news.recv()).await.expect("news come") {
            Ok(News::Log { seq, bytes }) => {
                let next = log.len() as u64;
                if lagged && seq > next {
                    while (log.len() as u64) < seq {
                        let page = store.read(MEETING, log.len() as u64, 1 << 20).await.unwrap();
                        log.extend(page.into_iter().map(|(_, bytes)| bytes));
                    }
                    log.truncate(usize::try_from(seq).unwrap());
                }
                assert_eq!(seq, log.len() as u64);
                lagged = false;
                log.push(bytes);
            }
            Err(broadcast::error::RecvError::Lagged(_)) => lagged = true,
            other => panic!("{other:?}"),
        }
    }
    log
}

/// Appends `count` entries one after the other, through one of several stores.
async fn write(store: Arc<Store>, writer: u8, count: u32) -> Vec<(u64, Duration)> {
    let mut done = Vec::new();
    for number in 0..count {
        done.push(append(&store, writer, number).await);
    }
    done
}

/// Every acknowledged entry is where it was said to be, and the log has no other.
fn check(log: &[Bytes], writers: &[(u8, Vec<(u64, Duration)>)]) {
    let mut count = 0;
    for (writer, done) in writers {
        for ((seq, _), number) in done.iter().zip(0..) {
            assert_eq!(log[usize::try_from(*seq).unwrap()], text(*writer, number));
            count += 1;
        }
    }
    assert_eq!(log.len(), count);
}

fn print(title: &str, writers: &[(u8, Vec<(u64, Duration)>)], took: Duration) {
    let mut times: Vec<Duration> =
        writers.iter().flat_map(|(_, done)| done.iter().map(|(_, time)| *time)).collect();
    times.sort_unstable();
    let at = |part: usize| times[(times.len() - 1) * part / 100];
    let rate = times.len() as f64 / took.as_secs_f64();
    println!(
        "{title}: {rate:.0} appends/s, p50 {:?}, p99 {:?}, longest {:?}",
        at(50),
        at(99),
        at(100)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn two_relays_write_one_log() {
    let Some(servers) = Servers::start(1) else { return };
    let stores = [store(&servers, 1).await, store(&servers, 1).await].map(Arc::new);
    let (mut first, mut second) =
        (stores[0].subscribe(MEETING).await.unwrap(), stores[1].subscribe(MEETING).await.unwrap());
    let (writers, count) = (8, 250);
    let listening = [
        tokio::spawn({
            let store = Arc::clone(&stores[0]);
            async move { told(&store, &mut first, writers * count).await }
        }),
        tokio::spawn({
            let store = Arc::clone(&stores[1]);
            async move { told(&store, &mut second, writers * count).await }
        }),
    ];
    let begin = Instant::now();
    let mut tasks = Vec::new();
    for writer in 0..writers {
        let store = Arc::clone(&stores[writer % 2]);
        tasks.push(tokio::spawn(write(store, writer as u8, count as u32)));
    }
    let mut done = Vec::new();
    for (task, writer) in tasks.into_iter().zip(0..) {
        done.push((writer, task.await.unwrap()));
    }
    print("one server, two relays, eight writers", &done, begin.elapsed());
    let written = log(&stores[0]).await;
    check(&written, &done);
    assert_eq!(log(&stores[1]).await, written);
    for told in listening {
        assert_eq!(told.await.unwrap(), written);
    }
}

#[tokio::test]
async fn a_post_repeated_through_another_relay_is_one_entry() {
    let Some(servers) = Servers::start(1) else { return };
    let (first, second) = (store(&servers, 1).await, store(&servers, 1).await);
    // SPEC [S2]
    assert_eq!(first.append(MEETING, id(1, 1), text(1, 1)).await, Ok(0));
    assert_eq!(first.append(MEETING, id(1, 2), text(1, 2)).await, Ok(1));
    assert_eq!(second.append(MEETING, id(1, 1), text(1, 1)).await, Ok(0));
    // Through one that has read it, and one that was started since.
    let _news = second.subscribe(MEETING).await.unwrap();
    assert_eq!(second.append(MEETING, id(1, 2), text(9, 9)).await, Ok(1));
    let third = store(&servers, 1).await;
    assert_eq!(third.append(MEETING, id(1, 2), text(1, 2)).await, Ok(1));
    assert_eq!(third.next(MEETING).await, Ok(2));
}

#[tokio::test]
async fn the_largest_entry_and_the_largest_blob_fit() {
    let Some(servers) = Servers::start(1) else { return };
    let (first, second) = (store(&servers, 1).await, store(&servers, 1).await);
    let mut news = second.subscribe(MEETING).await.unwrap();
    let entry: Bytes = (0..1_048_576_u32).map(|n| (n % 251) as u8).collect::<Vec<u8>>().into();
    assert_eq!(first.append(MEETING, id(1, 0), entry.clone()).await, Ok(0));
    assert_eq!(second.append(MEETING, id(1, 0), entry.clone()).await, Ok(0));
    assert_eq!(first.append(MEETING, id(1, 1), text(1, 1)).await, Ok(1));
    assert_eq!(told(&second, &mut news, 2).await, [entry.clone(), text(1, 1)]);
    assert_eq!(second.read(MEETING, 0, 1).await.unwrap(), [(0, entry.clone())]);
    let (hash, blob) = (BlobHash::new([3; 32]), Bytes::from(vec![7; 16 << 20]));
    first.put_blob(MEETING, hash, blob.clone()).await.unwrap();
    assert_eq!(second.blob(MEETING, hash).await, Ok(Some(blob)));
    first.publish(MEETING, News::Lobby(entry.clone())).await.unwrap();
    assert!(matches!(next(&mut news).await, News::Lobby(bytes) if bytes == entry));
}

#[tokio::test]
async fn lobby_and_direct_reach_every_relay() {
    let Some(servers) = Servers::start(1) else { return };
    let (first, second) = (store(&servers, 1).await, store(&servers, 1).await);
    let mailbox = MailboxId::new([5; MailboxId::LEN]);
    for listener in [&first, &second] {
        let mut news = listener.subscribe(MEETING).await.unwrap();
        first.publish(MEETING, News::Lobby(text(1, 1))).await.unwrap();
        first.publish(MEETING, News::Direct { mailbox, bytes: text(1, 2) }).await.unwrap();
        assert!(matches!(next(&mut news).await, News::Lobby(bytes) if bytes == text(1, 1)));
        let direct = next(&mut news).await;
        assert!(matches!(direct, News::Direct { mailbox: to, bytes }
            if to == mailbox && bytes == text(1, 2)));
    }
}

#[tokio::test]
async fn a_meeting_deleted_by_another_relay_is_gone_and_begins_at_0() {
    let Some(servers) = Servers::start(1) else { return };
    let (first, second) = (store(&servers, 1).await, store(&servers, 1).await);
    append(&first, 1, 0).await;
    let mut news = first.subscribe(MEETING).await.unwrap();
    second.sweep(START + 60).await;
    assert!(matches!(next(&mut news).await, News::Gone));
    assert_eq!(first.append(MEETING, id(1, 0), text(1, 0)).await, Ok(0));
    assert_eq!(log(&second).await, [text(1, 0)]);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_said_in_one_line_and_soon() {
    let begin = Instant::now();
    let settings = NatsSettings {
        url: "nats://name:secret@127.0.0.1:1".to_owned(),
        replicas: 1,
        credentials: None,
    };
    let error = Store::nats(settings, LIMITS, START).await.unwrap_err().to_string();
    assert!(begin.elapsed() < Duration::from_secs(6), "{:?}", begin.elapsed());
    assert!(error.contains("--nats") && error.contains("127.0.0.1:1"), "{error}");
    assert!(!error.contains("secret") && error.lines().count() == 1, "{error}");
}

/// The server that leads the meeting's log.
async fn leader(store: &Store) -> usize {
    let Store::Nats(nats) = store else { panic!("another store") };
    let info = nats.shared.streams.info(Kind::Log, MEETING, deadline()).await.unwrap().unwrap();
    let name = info.cluster.unwrap().leader.unwrap();
    name.strip_prefix("server-").unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_leader_loses_nothing_that_was_acknowledged() {
    let Some(mut servers) = Servers::start(3) else { return };
    let stores = [store(&servers, 3).await, store(&servers, 3).await].map(Arc::new);
    let mut news = stores[1].subscribe(MEETING).await.unwrap();
    let (writers, count) = (4, 500);
    let all = writers * count as usize;
    let store = Arc::clone(&stores[1]);
    let listening = tokio::spawn(async move { told(&store, &mut news, all).await });
    let mut tasks = Vec::new();
    let begin = Instant::now();
    for writer in 0..writers {
        let store = Arc::clone(&stores[writer % 2]);
        tasks.push(tokio::spawn(write(store, writer as u8, count)));
    }
    let end = begin + PATIENCE;
    while stores[0].next(MEETING).await.unwrap() < all as u64 / 3 {
        assert!(Instant::now() < end, "nothing is written");
    }
    servers.kill(leader(&stores[0]).await);
    let mut done = Vec::new();
    for (task, writer) in tasks.into_iter().zip(0..) {
        done.push((writer, task.await.unwrap()));
    }
    print("three servers, leader killed", &done, begin.elapsed());
    let written = log(&stores[0]).await;
    assert_eq!(log(&stores[1]).await, written);
    check(&written, &done);
    assert_eq!(listening.await.unwrap(), written);
}

#[tokio::test]
async fn a_server_that_is_killed_and_comes_back_has_log_and_ids() {
    let Some(mut servers) = Servers::start(1) else { return };
    let store = store(&servers, 1).await;
    append(&store, 1, 0).await;
    append(&store, 1, 1).await;
    let mut news = store.subscribe(MEETING).await.unwrap();
    servers.kill(0);
    servers.run(0);
    assert_eq!(append(&store, 1, 2).await.0, 2);
    assert!(matches!(next(&mut news).await, News::Log { seq: 2, bytes } if bytes == text(1, 2)));
    // SPEC [S2]
    for number in 0..3 {
        assert_eq!(append(&store, 1, number).await.0, u64::from(number));
    }
    let other = self::store(&servers, 1).await;
    assert_eq!(append(&other, 1, 1).await.0, 1);
    assert_eq!(log(&other).await, [text(1, 0), text(1, 1), text(1, 2)]);
}

#[tokio::test]
async fn a_full_log_knows_what_other_relays_posted() {
    let Some(servers) = Servers::start(1) else { return };
    let limits = StoreLimits { log_bytes: 2000, ..LIMITS };
    let first = store(&servers, 1).await;
    let settings = NatsSettings { url: servers.url(), replicas: 1, credentials: None };
    let second = Store::nats(settings, limits, START).await.unwrap();
    append(&first, 1, 0).await;
    let mut news = second.subscribe(MEETING).await.unwrap();
    assert_eq!(second.append(MEETING, id(2, 0), vec![0; 200].into()).await, Ok(1));
    assert_eq!(first.append(MEETING, id(1, 1), vec![0; 1500].into()).await, Ok(2));
    for seq in 1..3 {
        assert!(matches!(next(&mut news).await, News::Log { seq: told, .. } if told == seq));
    }
    let free_bytes = 2000 - (3 + 200 + 1500 + 3 * 64);
    let full = Err(StoreError::LogFull { free_bytes });
    for _ in 0..2 {
        assert_eq!(second.append(MEETING, id(2, 1), vec![0; 100].into()).await, full);
        // SPEC [S2]: also what was posted elsewhere before this relay listened.
        assert_eq!(second.append(MEETING, id(1, 0), vec![0; 100].into()).await, Ok(0));
        assert_eq!(second.append(MEETING, id(1, 1), vec![0; 100].into()).await, Ok(2));
    }
}
