//! The primitives from which all timing is built. Knows nothing of chips.
//!
//! | primitive | what it is | when it is full |
//! |---|---|---|
//! | [`EventQueue`] | what happens when, in a fixed order | – |
//! | [`Resource`] | servers that each do one thing at a time, in order of arrival | later arrivals start later |
//! | [`Fifo`] | a queue of a few places | refuses with [`Busy`] and hands the work back |
//! | [`Divisor`] | a number that much is divided by | – |
//! | [`Gauge`] | a level over time, its peak and mean | – |
//! | [`Pool`] | things that come and go, each at its place | – |
//! | [`Space`] | a store shared by regions, each with a guaranteed part | claims wait in order of arrival |

mod busy;
mod divisor;
mod fifo;
mod gauge;
mod pool;
mod queue;
mod resource;
mod space;
mod tick;

pub use busy::Busy;
pub use divisor::Divisor;
pub use fifo::Fifo;
pub use gauge::Gauge;
pub use pool::{Pool, PoolId};
pub use queue::EventQueue;
pub use resource::{Resource, Span, ticks_to_handle, ticks_to_move};
pub use space::{Claim, RegionId, Space};
pub use tick::Tick;
