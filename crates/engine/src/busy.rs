//! Refusal.

/// A refusal: the part has no room and has not changed; here is the work back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy<W>(pub W);
