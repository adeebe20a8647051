//! Messages on their way.

/// What messages carry, from their injection to their arrival, so that packets need not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct InFlight<W> {
    payloads: Vec<W>,
    free: Vec<u32>,
}

impl<W: Copy> InFlight<W> {
    /// Keeps a payload; returns its place.
    pub(super) fn insert(&mut self, payload: W) -> u32 {
        if let Some(place) = self.free.pop() {
            self.payloads[place as usize] = payload;
            return place;
        }
        self.payloads.push(payload);
        (self.payloads.len() - 1) as u32
    }

    /// The payload at a place.
    pub(super) fn payload(&self, place: u32) -> W {
        self.payloads[place as usize]
    }

    /// Gives the payload at a place, which becomes free.
    pub(super) fn remove(&mut self, place: u32) -> W {
        self.free.push(place);
        self.payloads[place as usize]
    }
}

impl<W> Default for InFlight<W> {
    fn default() -> Self {
        Self { payloads: Vec::new(), free: Vec::new() }
    }
}
