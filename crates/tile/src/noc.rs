//! The network on chip, event by event: packets that wait for links and for room.
//!
//! ```text
//!  tile ─► port ─► │ input queue ─► router ─► link ─► │ input queue ─► router ─► link ─► tile
//!                  └────────── a hop ────────────────►┘
//! ```
//!
//! A message is cut into packets of at most half an input queue ([`NocSpec::packet_flits`]), so that one can enter a
//! queue while another leaves it; the last one takes the rest. Switching is *virtual cut-through*: a packet's head takes
//! a link when the link is free and the queue behind it has room for the whole packet, and the body follows one flit a
//! tick, so that what has started never stops. A queue hands its packets over in order, and links serve queues in order
//! of arrival; what arrives in one tick is served in the order of its events. Room is known at once to the router before
//! it. Tiles take what arrives, one flit a tick. Addresses travel beside the flits and take none.
//!
//! A message of one packet that nothing is in the way of takes routers × (router + link) + flits ticks from its
//! injection until its tail has arrived.

mod link;
mod mesh;
mod queue;
mod spec;
mod unit;
mod wiring;

pub use link::LinkUse;
pub use mesh::{Direction, Mesh, Place, Route};
pub use spec::NocSpec;
pub use unit::{Listener, MeshEvent, MeshUnit, Message, Notice};
pub use wiring::LinkName;

#[cfg(test)]
mod tests;
