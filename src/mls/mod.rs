//! The MLS engine (RFC 9420): the only folder that names openmls.

mod face;
mod ids;

pub(crate) use face::{
    BuiltCommit, BuiltWelcome, CommitFacts, CommitPlan, Engine, EngineFault, Joiner,
    KeyPackageFacts, Leaf, StageFault, Stay, WelcomeFault,
};
use ids::{InviteId, KeyPackageRef, MeetingId, Profile};
