//! Media keys: (epoch, member, track) -> key, counter or replay window. The meeting installs
//! epochs; media threads see a new one through one atomic swap; old ones are forgotten on time.

mod candidate;
#[cfg(any(test, feature = "testing"))]
mod digest;
mod epoch;
#[cfg(any(test, feature = "testing"))]
mod exposed;
#[cfg(test)]
pub(crate) mod fixture;
mod gate;
mod handle;
mod kid;
mod lease;
mod open;
mod padding;
mod ring;
mod seal;
mod slot;
#[cfg(test)]
mod tests;
mod view;
mod window;

pub(crate) use handle::Handle;
#[cfg(any(test, feature = "testing"))]
pub(crate) use kid::kid;
pub(crate) use lease::Lease;
pub(crate) use open::{Incoming, OpenRefusal, Origin, Received};
pub(crate) use padding::{max_padded_len, pad, strip};
#[cfg(any(test, feature = "testing"))]
pub(crate) use ring::InstallError;
pub(crate) use ring::{EpochInstall, Keyring};
pub(crate) use seal::{OwnSlot, SealRefusal};
pub(crate) use view::LINGER_MS;
