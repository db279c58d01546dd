//! The beginning of a session: a token if there is one, and which meeting it is about.

use std::time::Duration;

use incamera_wire::{MailboxId, MeetingId, RefusalReason, ToServer};

use super::receive::{Messages, Received, Receiver};
use super::{Ending, refused, refused_for_now};
use crate::hub::Token;
use crate::relay::Relay;
use crate::token::{Claims, Powers};

/// What a client has said so far.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) meeting: MeetingId,
    pub(super) mailbox: Option<MailboxId>,
    pub(super) token: Option<Token>,
    /// What the token allows and limits: nothing in particular if there is none.
    pub(super) powers: Powers,
}

/// Waits for Hello, for as long as the settings say.
pub(super) async fn open<S: Messages>(
    relay: &Relay,
    receiver: &mut Receiver<S>,
) -> Result<Opened, Ending> {
    let seconds = relay.settings.hello_seconds;
    let opened = tokio::time::timeout(Duration::from_secs(seconds), hello(relay, receiver)).await;
    opened.unwrap_or_else(|_| {
        let text = format!("hello-seconds: Hello did not come within {seconds} s");
        Err(Some(refused_for_now(RefusalReason::TooSlow, text)))
    })
}

async fn hello<S: Messages>(relay: &Relay, receiver: &mut Receiver<S>) -> Result<Opened, Ending> {
    let mut claims = None;
    let malformed = |text: &str| Err(Some(refused(RefusalReason::Malformed, text)));
    loop {
        match receiver.next(relay).await? {
            Received::Alive => {}
            Received::Message(ToServer::Authorize { token }) if claims.is_none() => {
                // Who does not ask for tokens takes any.
                if let Some(tokens) = &relay.tokens {
                    let verified = tokens.verify(token.expose(), relay.unix());
                    claims = Some(verified.map_err(unauthorized)?);
                }
            }
            Received::Message(ToServer::Hello { meeting, mailbox }) => {
                let (token, powers) = admit(relay, meeting, claims)?;
                receiver.hello(relay, meeting, powers.members)?;
                return Ok(Opened { meeting, mailbox, token, powers });
            }
            _ => return malformed("the first messages are Authorize, if at all, and Hello"),
        }
    }
}

/// What the token allows in this meeting.
fn admit(
    relay: &Relay,
    meeting: MeetingId,
    claims: Option<Claims>,
) -> Result<(Option<Token>, Powers), Ending> {
    if relay.tokens.is_none() {
        return Ok((None, Powers::default()));
    }
    let missing = "this relay asks for a token: get one of its operator, send it before Hello";
    // SPEC [S7]
    let claims = claims.ok_or_else(|| unauthorized(missing))?;
    if !claims.is_for(meeting) {
        return Err(unauthorized("the token is for another meeting: ask for one for this"));
    }
    if relay.hub.is_barred(meeting, &claims.jti, relay.unix()) {
        let text = "you were ended in this meeting; another token is needed to come back";
        return Err(Some(refused(RefusalReason::Ended, text)));
    }
    Ok((Some(Token { jti: claims.jti, exp: claims.exp }), claims.incamera))
}

fn unauthorized(detail: &str) -> Ending {
    Some(refused(RefusalReason::Unauthorized, detail))
}
