//! The MLS engine (RFC 9420): the only folder that names openmls.

mod build;
#[cfg(any(test, feature = "testing"))]
mod exposed;
mod face;
mod facts;
mod group;
mod leaf;
mod provider;
#[cfg(any(test, feature = "testing"))]
mod saboteur;
mod saved;
mod signer;
mod stage;
mod storage;
mod store;
mod suite;
#[cfg(test)]
mod symbolic;
#[cfg(any(test, feature = "testing"))]
pub(crate) mod testing;
mod tree;
mod welcome;

pub(crate) use face::{
    BuiltCommit, BuiltWelcome, CommitFacts, CommitPlan, Engine, EngineFault, Joiner,
    KeyPackageFacts, Leaf, StageFault, Stay, WelcomeFault,
};
pub(crate) use group::Group;
use incamera_wire::{KeyPackageRef, MeetingId, Profile};
#[cfg(test)]
pub(crate) use symbolic::Symbolic;

use crate::policy::PskId;

#[cfg(test)]
mod tests;
