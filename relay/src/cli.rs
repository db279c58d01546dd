//! The command line.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use incamera_wire::MeetingId;

use crate::exit::StartError;
use crate::hex;
use crate::relay::unix;
use crate::settings::{Given, token_secret};
use crate::token::{Claims, Powers, Tokens};

/// The text below the flags.
const AFTER: &str = "\
Each flag is also a key of the file (--config), without the dashes in front, and a variable of the
environment, INCAMERA_RELAY_ and its name in capitals with underscores. Flags go before environment,
environment before file, file before default.

When everything listens, one line is on standard output:
  incamera-relay ready https://ADDRESS:PORT media ADDRESS:PORT certificate SHA256 key KEY
SHA256 is the TLS certificate's (DER), KEY the relay's Ed25519 key, both in hex; with --plain it says
http and certificate none. Clients connect to /v1/connect; /healthz and /metrics are on the same port.

Exit codes: 0 stopped by SIGTERM or SIGINT, 1 other, 2 settings, 3 address in use, 4 certificate or key,
5 store.";

/// A relay for incamera meetings: it orders what members post and forwards what they send, and holds no
/// key.
#[derive(Parser)]
#[command(name = "incamera-relay", version, after_help = AFTER, max_term_width = 110)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) given: Given,
    /// A TOML file with settings
    #[arg(long, env = "INCAMERA_RELAY_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

impl Cli {
    /// Reads this process's arguments and environment. Nothing: help or version were asked for, and
    /// are printed.
    pub(crate) fn read() -> Result<Option<Self>, StartError> {
        let error = match Self::try_parse() {
            Ok(cli) => return Ok(Some(cli)),
            Err(error) => error,
        };
        if !error.use_stderr() {
            let failed = |error| StartError::Other(format!("standard output: {error}"));
            return error.print().map(|()| None).map_err(failed);
        }
        // The first paragraph says what is wrong, in one line or in several.
        let text = error.to_string();
        let lines = text.lines().take_while(|line| !line.is_empty());
        let line = lines.map(str::trim).collect::<Vec<_>>().join(" ");
        let line = line.strip_prefix("error: ").unwrap_or(&line);
        Err(StartError::Config(format!("{line}; see --help")))
    }
}

/// What else the program does.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Make a token, with the secret of --token-secret-file or INCAMERA_RELAY_TOKEN_SECRET
    Token(Token),
}

/// What the token says.
#[derive(Args)]
pub(crate) struct Token {
    /// The meeting: 32 hex digits
    #[arg(long)]
    meeting: String,
    /// How long it is valid
    #[arg(long, default_value_t = 3600)]
    seconds: u64,
    /// Let its bearer end others' connections
    #[arg(long)]
    may_end: bool,
    /// Connections in the meeting beyond which its bearer does not come in
    #[arg(long)]
    members: Option<usize>,
    /// Tracks that its bearer may send
    #[arg(long)]
    tracks: Option<usize>,
    /// Of media from its bearer
    #[arg(long)]
    bits_per_second: Option<u64>,
    /// The secret, as for the relay
    #[arg(long)]
    token_secret_file: Option<PathBuf>,
}

impl Token {
    /// Prints a token.
    pub(crate) fn make(&self, given: &Given) -> Result<(), StartError> {
        let fault = |text: &str| StartError::Config(text.to_owned());
        let meeting = hex::decode::<16>(&self.meeting)
            .ok_or_else(|| fault("--meeting is not 32 hex digits"))?;
        let file = self.token_secret_file.as_ref().or(given.token_secret_file.as_ref());
        let secret = token_secret(file)?
            .ok_or_else(|| fault("no secret: give --token-secret-file with the relay's"))?;
        let mut jti = [0; 16];
        aws_lc_rs::rand::fill(&mut jti)
            .map_err(|_| StartError::Other("the system has no randomness".to_owned()))?;
        let claims = Claims {
            sub: MeetingId::new(meeting).to_string(),
            exp: unix().saturating_add(self.seconds),
            jti: hex::encode(&jti),
            incamera: Powers {
                members: self.members,
                tracks: self.tracks,
                bits_per_second: self.bits_per_second,
                may_end: self.may_end,
            },
        };
        let token = Tokens::new(&secret).sign(&claims).map_err(StartError::Other)?;
        writeln!(std::io::stdout(), "{token}")
            .map_err(|error| StartError::Other(format!("standard output: {error}")))
    }
}
