//! From the command line to a call.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use incamera::{Identity, Meeting, Settings};
use incamera_net::{Call, Events, Link, Options, Relay, Save, certificate_of, now};
use serde_json::json;

use crate::args::{Args, Command, Create, Host, Join, Part, Trust};
use crate::exit::{Exit, Failure};
use crate::say::Printer;
use crate::session::Session;
use crate::state::{self, hex};
use crate::traffic::Traffic;

/// Where systems keep their root certificates.
const ROOTS: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/// Does what the command line says, until the meeting is over.
pub(crate) async fn run(args: &Args) -> Result<(), Failure> {
    let part = args.command.part();
    let printer = Printer::new(part.json);
    // Before anything is said: a file that cannot be sent is no reason to knock.
    let traffic = Traffic::new(part, printer)?;
    let ((call, events), file) = match &args.command {
        Command::Create(args) => (create(args, printer).await?, args.state.as_deref()),
        Command::Host(args) => (host(args, printer).await?, Some(args.state.as_path())),
        Command::Join(args) => (join(args, printer).await?, args.state.as_deref()),
    };
    let outcome = Session::new(call, printer, part, traffic, file.is_some()).run(events).await;
    if let Some(file) = file {
        state::end(file);
    }
    outcome
}

async fn create(args: &Create, printer: Printer) -> Result<(Call, Events), Failure> {
    let identity = identity(&args.name)?;
    let relay = trusted(Relay::parse(&args.relay)?, &args.trust, printer).await?;
    let mut settings = Settings::default();
    settings.profile = args.profile.into();
    settings.passcode.clone_from(&args.passcode);
    let save = saved(args.state.as_deref(), &identity, &relay)?;
    let mut options = options(&args.part, save);
    options.list_relay = !args.any_relay;
    Ok(Call::create(&identity, settings, relay, options).await?)
}

async fn host(args: &Host, printer: Printer) -> Result<(Call, Events), Failure> {
    let stored = state::read(&args.state)?;
    let relay = trusted(stored.relay, &args.trust, printer).await?;
    let options = options(&args.part, Some(stored.save));
    Ok(Call::restore(&stored.identity, relay, options).await?)
}

async fn join(args: &Join, printer: Printer) -> Result<(Call, Events), Failure> {
    let relay = args.relay.as_deref().map(Relay::parse).transpose()?;
    let Link { relay, invite } = Link::parse(&args.link, relay.as_ref())?;
    let identity = identity(&args.name)?;
    let relay = trusted(relay, &args.trust, printer).await?;
    let options = options(&args.part, saved(args.state.as_deref(), &identity, &relay)?);
    let unusable = |error: incamera::Error| Failure::usage(error.to_string());
    let meeting = match &args.passcode {
        Some(passcode) => Meeting::join_with_passcode(&identity, &invite, passcode, now()),
        None if invite.asks_passcode() => {
            return Err(Failure::usage(
                "this meeting asks for a passcode: give it with --passcode",
            ));
        }
        None => Meeting::join(&identity, &invite, now()),
    };
    Ok(Call::start(meeting.map_err(unusable)?, relay, options).await?)
}

fn identity(name: &str) -> Result<Identity, Failure> {
    Identity::generate(name).map_err(|error| Failure::usage(error.to_string()))
}

fn saved(file: Option<&Path>, identity: &Identity, relay: &Relay) -> Result<Option<Save>, Failure> {
    file.map(|file| state::begin(file, identity, relay)).transpose()
}

fn options(part: &Part, save: Option<Save>) -> Options {
    let mut options = Options::default();
    options.save = save;
    options.give_up_after = Some(Duration::from_secs(part.give_up));
    options
}

/// The relay with all that the command line says about it. Without pin and roots, one on this machine is
/// asked for its certificate, which is shown: nobody but this machine's users can stand in between.
async fn trusted(mut relay: Relay, trust: &Trust, printer: Printer) -> Result<Relay, Failure> {
    if let Some(pin) = &trust.pin {
        relay = relay.with_pin(pin)?;
    }
    if let Some(token) = &trust.token {
        relay = relay.with_token(token)?;
    }
    if !relay.is_unchecked() {
        return Ok(relay);
    }
    if let Some(file) = &trust.roots {
        let unreadable = |error| Failure::usage(format!("cannot read {}: {error}", file.display()));
        return Ok(relay.with_roots(&fs::read(file).map_err(unreadable)?)?);
    }
    if relay.is_on_this_machine() {
        let shown = certificate_of(&relay).await;
        let shown = shown.map_err(|why| Failure::new(Exit::Unreachable, why.to_string()))?;
        let text = format!(
            "no pin was given: the relay on this machine shows the certificate {}, and no other is accepted \
             from now on; compare it with the relay's ready line",
            hex(&shown)
        );
        printer.say("certificate", json!({ "sha256": hex(&shown) }), &text);
        return Ok(relay.with_certificate(shown));
    }
    let named = std::env::var_os("SSL_CERT_FILE").map(PathBuf::from);
    let places = named.into_iter().chain(ROOTS.into_iter().map(PathBuf::from));
    match places.into_iter().find_map(|path| fs::read(path).ok()) {
        Some(pem) => Ok(relay.with_roots(&pem)?),
        None => Err(Failure::usage(
            "nothing says which certificate the relay has: give --pin or --roots, or a link with a pin",
        )),
    }
}
