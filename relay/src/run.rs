//! From the command line to the end.

use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{Semaphore, mpsc, watch};

use crate::cli::{Cli, Command};
use crate::exit::StartError;
use crate::hub::Hub;
use crate::identity::Identity;
use crate::limits::{Large, Places};
use crate::media::{Forwarder, MediaSettings};
use crate::metrics::Metrics;
use crate::relay::{Relay, unix};
use crate::settings::{Settings, token_secret};
use crate::store::{NatsSettings, Store, StoreLimits};
use crate::token::Tokens;
use crate::{hex, logging, server};

/// Runs the program `incamera-relay` with this process's arguments; the exit codes are in `--help`.
#[must_use]
pub fn run() -> ExitCode {
    let done = Cli::read().and_then(|cli| match cli {
        None => Ok(()),
        Some(Cli { command: Some(Command::Token(token)), given, .. }) => token.make(&given),
        Some(cli) => start(cli),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Whoever cannot be told has the exit code.
            let _ = writeln!(std::io::stderr(), "incamera-relay: {error}");
            error.code()
        }
    }
}

fn start(cli: Cli) -> Result<(), StartError> {
    let settings = Settings::resolve(cli.given, cli.config.as_deref())?;
    logging::start(&settings)?;
    if let Some(connections) = settings.too_few_files() {
        tracing::warn!(connections, "the system lets this process have few files: raise ulimit -n");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let failed = |error| StartError::Other(format!("no threads can be started: {error}"));
    runtime.map_err(failed)?.block_on(serve(settings))
}

/// Starts all parts, says that they are ready, and waits for the end.
async fn serve(settings: Settings) -> Result<(), StartError> {
    let tokens = tokens(&settings)?;
    let settings = keeping(settings);
    let tls = server::tls(&settings)?;
    let identity = match &settings.identity {
        Some(path) => Identity::load(path)?,
        None => Identity::random()?,
    };
    let mut signals = Signals::new()?;
    let listener = server::bind(settings.listen_address()).await?;
    let failed = |error: std::io::Error| StartError::Other(format!("the address is gone: {error}"));
    let address = listener.local_addr().map_err(failed)?;
    let metrics = Metrics::new();
    let media = media_settings(&settings, address);
    let listen = media.listen;
    let forwarder = Forwarder::start(media, Arc::clone(&metrics.media))
        .map_err(|error| server::of_bind("media-listen", listen, &error))?;
    let store = open_store(&settings).await?;
    let relay = Arc::new(Relay {
        store,
        forwarder,
        identity,
        certificate_sha256: tls.as_ref().map(|tls| tls.certificate_sha256),
        tokens,
        hub: Hub::default(),
        places: Places::new(settings.place_limits()),
        metrics,
        backlog: Arc::new(Semaphore::new(settings.backlog_total_bytes)),
        large: Large::new(settings.large_messages, settings.connections_per_address != 0),
        draining: watch::Sender::new(false),
        started: Instant::now(),
        settings,
    });
    say_ready(&relay, address)?;
    let (alive, mut all_gone) = mpsc::channel(1);
    let acceptor = tls.map(|tls| tls.acceptor);
    let serving = tokio::spawn(server::serve(Arc::clone(&relay), listener, acceptor, alive));
    let sweeping = tokio::spawn(sweep(Arc::clone(&relay)));
    signals.any().await;
    sweeping.abort();
    let seconds = relay.settings.drain_seconds;
    tracing::info!(seconds, "draining");
    relay.draining.send_replace(true);
    let drained = async {
        // The listener goes with it, and so does the last sender that is not a connection's.
        let _ = serving.await;
        all_gone.recv().await;
    };
    if tokio::time::timeout(Duration::from_secs(seconds), drained).await.is_err() {
        tracing::warn!("some connections did not end in time");
    }
    relay.store.close().await;
    Ok(())
}

/// Lets the store delete what is idle, often enough for what the settings say.
async fn sweep(relay: Arc<Relay>) {
    let seconds = (relay.settings.idle_seconds / 4).clamp(1, 10);
    let mut every = tokio::time::interval(Duration::from_secs(seconds));
    loop {
        every.tick().await;
        relay.store.sweep(relay.unix()).await;
    }
}

/// With a directory for data, the relay's key is kept there too: meetings name it, and outlive a restart.
fn keeping(mut settings: Settings) -> Settings {
    // What is wrong with the directory the store says.
    if let Some(directory) = &settings.data
        && std::fs::create_dir_all(directory).is_ok()
    {
        settings.identity.get_or_insert(directory.join("identity"));
    }
    settings
}

/// One line on standard output, for people and for programs that started this one.
fn say_ready(relay: &Relay, address: SocketAddr) -> Result<(), StartError> {
    let (scheme, certificate) = match &relay.certificate_sha256 {
        Some(sha256) => ("https", hex::encode(sha256)),
        None => ("http", "none".to_owned()),
    };
    let (media, key) = (relay.forwarder.local_addr(), hex::encode(&relay.identity.public()));
    let mut out = std::io::stdout();
    writeln!(
        out,
        "incamera-relay ready {scheme}://{address} media {media} certificate {certificate} key {key}"
    )
    .and_then(|()| out.flush())
    .map_err(|error| StartError::Other(format!("standard output cannot be written: {error}")))
}

/// Who may come in: on an address that others reach, nobody without a token, unless it is said.
fn tokens(settings: &Settings) -> Result<Option<Tokens>, StartError> {
    let secret = token_secret(settings.token_secret_file.as_ref())?;
    if settings.no_tokens {
        return Ok(None);
    }
    let address = settings.listen_address();
    if secret.is_none() && !address.ip().is_loopback() {
        return Err(StartError::Config(format!(
            "{address} is reached by others: give --token-secret-file, or --no-tokens to let all in"
        )));
    }
    Ok(secret.as_deref().map(Tokens::new))
}

fn media_settings(settings: &Settings, address: SocketAddr) -> MediaSettings {
    // The log's port, unless that was any free one: somebody else may have it in UDP.
    let any = settings.listen_address().port() == 0;
    let port = if any { 0 } else { address.port() };
    let listen = settings.media_listen.unwrap_or(SocketAddr::new(address.ip(), port));
    MediaSettings {
        listen,
        advertise: settings.media_advertise,
        workers: settings.media_workers,
        tracks_per_connection: settings.tracks_per_connection,
        bits_per_second: settings.media_bits_per_second,
        key_frame_interval_ms: settings.key_frame_interval_ms,
    }
}

async fn open_store(settings: &Settings) -> Result<Store, StartError> {
    let limits = StoreLimits {
        meetings: settings.meetings,
        log_bytes: settings.log_bytes,
        blob_bytes: settings.blob_bytes,
        idle_seconds: settings.idle_seconds,
    };
    let store = match (&settings.nats, &settings.data) {
        (Some(url), _) => {
            let (url, replicas) = (url.clone(), settings.nats_replicas);
            let credentials = settings.nats_credentials.clone();
            Store::nats(NatsSettings { url, replicas, credentials }, limits, unix()).await
        }
        (None, Some(directory)) => Store::disk(directory, limits, unix()),
        (None, None) => Ok(Store::memory(limits, settings.memory_bytes, unix())),
    };
    store.map_err(|error| StartError::Store(error.to_string()))
}

/// SIGTERM and SIGINT.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> Result<Self, StartError> {
        let failed = |error| StartError::Other(format!("signals cannot be heard: {error}"));
        let terminate = signal(SignalKind::terminate()).map_err(failed)?;
        Ok(Self { terminate, interrupt: signal(SignalKind::interrupt()).map_err(failed)? })
    }

    async fn any(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
