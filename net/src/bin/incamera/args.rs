//! The command line.

use std::path::PathBuf;

use clap::{Args as Group, Parser, Subcommand, ValueEnum};

use crate::exit;

/// End-to-end encrypted meetings: the relay orders and forwards, and holds no key.
#[derive(Parser)]
#[command(name = "incamera", version, after_help = exit::HELP)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Make a meeting, print its link and host it.
    #[command(after_help = exit::HELP)]
    Create(Create),
    /// Take up again a meeting that was stored with --state.
    #[command(after_help = exit::HELP)]
    Host(Host),
    /// Knock at a meeting and take part in it.
    #[command(after_help = exit::HELP)]
    Join(Join),
}

#[derive(Group)]
pub(crate) struct Create {
    /// The name that the others see.
    #[arg(long)]
    pub(crate) name: String,
    /// The relay's address.
    #[arg(
        long,
        value_name = "URL",
        default_value = "https://127.0.0.1:7443",
        env = "INCAMERA_RELAY"
    )]
    pub(crate) relay: String,
    #[command(flatten)]
    pub(crate) trust: Trust,
    /// The meeting's cryptography.
    #[arg(long, value_enum, default_value_t = Profile::Standard)]
    pub(crate) profile: Profile,
    /// What whoever knocks has to prove.
    #[arg(long, value_name = "TEXT", env = "INCAMERA_PASSCODE", hide_env_values = true)]
    pub(crate) passcode: Option<String>,
    /// Do not say that media may go through this relay alone.
    #[arg(long)]
    pub(crate) any_relay: bool,
    /// Store the meeting in this file, and its keys beside it in FILE.keys, so that `host` can take it up again.
    #[arg(long, value_name = "FILE")]
    pub(crate) state: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) part: Part,
}

#[derive(Group)]
pub(crate) struct Host {
    /// The file that --state stored.
    #[arg(long, value_name = "FILE")]
    pub(crate) state: PathBuf,
    #[command(flatten)]
    pub(crate) trust: Trust,
    #[command(flatten)]
    pub(crate) part: Part,
}

#[derive(Group)]
pub(crate) struct Join {
    /// The link that the host printed, in quotes.
    pub(crate) link: String,
    /// The name that the others see.
    #[arg(long)]
    pub(crate) name: String,
    /// The relay's address, if the link is an invite without one.
    #[arg(long, value_name = "URL", env = "INCAMERA_RELAY")]
    pub(crate) relay: Option<String>,
    #[command(flatten)]
    pub(crate) trust: Trust,
    /// The passcode, if the meeting asks for one.
    #[arg(long, value_name = "TEXT", env = "INCAMERA_PASSCODE", hide_env_values = true)]
    pub(crate) passcode: Option<String>,
    /// Store the meeting in this file, and its keys beside it in FILE.keys, so that `host` can take it up again.
    #[arg(long, value_name = "FILE")]
    pub(crate) state: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) part: Part,
}

/// Whose certificate the relay may have.
#[derive(Group)]
pub(crate) struct Trust {
    /// The SHA-256 of the relay's certificate, 64 hex digits, as its ready line says. A link has it.
    #[arg(long, value_name = "HEX")]
    pub(crate) pin: Option<String>,
    /// Root certificates (PEM) for relays without a pin [default: SSL_CERT_FILE, or those of the system].
    #[arg(long, value_name = "FILE")]
    pub(crate) roots: Option<PathBuf>,
    /// A token of the relay's operator.
    #[arg(long, value_name = "TOKEN", env = "INCAMERA_TOKEN", hide_env_values = true)]
    pub(crate) token: Option<String>,
}

/// How to take part.
#[derive(Group)]
pub(crate) struct Part {
    /// Let everybody in who knocks.
    #[arg(long)]
    pub(crate) admit_all: bool,
    /// Send the video of this IVF file (VP8 or AV1), at its own pace. Given several times, up to 4, they are layers
    /// of one picture, 1 the lowest: whoever watches chooses with `layer`.
    #[arg(long, value_name = "F.ivf")]
    pub(crate) send_video: Vec<PathBuf>,
    /// Send the sound of this Ogg Opus file, at its own pace.
    #[arg(long, value_name = "F.ogg")]
    pub(crate) send_audio: Option<PathBuf>,
    /// Begin again when a file is at its end.
    #[arg(long = "loop")]
    pub(crate) repeat: bool,
    /// Write what the others send into files of this directory.
    #[arg(long, value_name = "DIR")]
    pub(crate) save: Option<PathBuf>,
    /// Leave so many seconds after coming in.
    #[arg(long, value_name = "N")]
    pub(crate) seconds: Option<u64>,
    /// Leave when the files that are sent are at their end.
    #[arg(long)]
    pub(crate) until_sent: bool,
    /// Give up after so many seconds without a connection to the relay.
    #[arg(long, value_name = "N", default_value_t = 120)]
    pub(crate) give_up: u64,
    /// Print one JSON object a line.
    #[arg(long)]
    pub(crate) json: bool,
}

/// A meeting's cryptography.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Profile {
    Standard,
    Portable,
    PostQuantum,
}

impl From<Profile> for incamera::Profile {
    fn from(profile: Profile) -> Self {
        match profile {
            Profile::Standard => Self::Standard,
            Profile::Portable => Self::Portable,
            Profile::PostQuantum => Self::PostQuantum,
        }
    }
}

impl Command {
    pub(crate) fn part(&self) -> &Part {
        match self {
            Self::Create(create) => &create.part,
            Self::Host(host) => &host.part,
            Self::Join(join) => &join.part,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn help_tells_the_exit_codes() {
        let mut command = Args::command();
        let help = command.render_long_help().to_string();
        assert!(help.contains("4  denied at the door"), "{help}");
    }
}
