//! Whole meetings: what members ask for, what the network does, and what attackers send.

mod check;
mod hostile;
mod operation;
mod server;

use arbitrary::{Arbitrary as _, Unstructured};

use operation::Operation;
use server::World;

/// The most operations of one meeting: more make a run slow and find nothing else.
const OPERATIONS: usize = 32;

/// Drives a meeting of two, who may become six, and looks at what has to hold after each operation.
pub fn meeting(data: &[u8]) {
    let mut input = Unstructured::new(data);
    let mut world = World::new(&["Ada", "Ben"]);
    for _ in 0..OPERATIONS {
        if input.is_empty() {
            break;
        }
        let Ok(operation) = Operation::arbitrary(&mut input) else { break };
        world.perform(&operation);
        world.members_of_one_epoch_agree();
    }
    world.come_to_rest();
    world.members_of_one_epoch_agree();
    world.who_was_not_lied_to_follows();
}
