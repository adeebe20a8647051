//! The outside, which keeps the buffers of the network's input full, and only so many images on their way.

use rebias_engine::Claim;

use super::state::Parcel;
use super::{Event, Recorder, Sim};
use crate::replay::plan::{BufferIdx, Codes};

impl<R: Recorder> Sim<'_, R> {
    /// Lets the outside fill the buffers of the network's input before the clock starts.
    pub(super) fn fill_inputs(&mut self) {
        for buffer in (0..self.plan.buffers.len()).map(BufferIdx::new) {
            while let Some((parcel, codes)) = self.next_input(buffer) {
                self.preload(parcel, buffer, &codes);
            }
        }
    }

    /// Lets the outside give a buffer what it has room for, from the next boundary on.
    pub(super) fn feed(&mut self, buffer: BufferIdx) {
        if !std::mem::replace(&mut self.buffers[buffer.at()].is_filling, true) {
            self.queue.push(self.boundary(), Event::Fill(buffer));
        }
    }

    pub(super) fn fill(&mut self, buffer: BufferIdx) {
        self.buffers[buffer.at()].is_filling = false;
        while let Some((parcel, codes)) = self.next_input(buffer) {
            self.enter_codes(parcel, buffer, &codes);
        }
    }

    /// Lets the outside go on with the images that the completion of one has made room for.
    pub(super) fn feed_next_images(&mut self, held_back: u64) {
        for buffer in (0..self.plan.buffers.len()).map(BufferIdx::new) {
            let map = self.plan.map_of(buffer);
            if self.buffers[buffer.at()].fed == held_back.saturating_mul(u64::from(map.n_source_pixels())) {
                self.feed(buffer);
            }
        }
    }

    /// The next pixel of the network's input, if its image may enter and the buffer has room for it; otherwise the
    /// pixel waits.
    fn next_input(&mut self, buffer: BufferIdx) -> Option<(Parcel, Codes)> {
        let lane = self.plan.buffers[buffer.at()].outside?;
        let map = self.buffers[buffer.at()].map;
        let n_pixels = u64::from(map.n_source_pixels());
        loop {
            let pixel = self.buffers[buffer.at()].fed;
            let image = pixel / n_pixels;
            if image >= self.stream.pace.first_held_back() {
                return None;
            }
            self.buffers[buffer.at()].fed += 1;
            let parcel = Parcel { lane, turn: pixel as u32 };
            let codes = self.plan.lanes[lane.at()].codes(image, map.entered((pixel % n_pixels) as u32));
            match self.claim(parcel, buffer, &codes) {
                Some(Claim::Granted(_)) => return Some((parcel, codes)),
                Some(Claim::Waits) => return None,
                None => self.stream.closes(image),
            }
        }
    }
}
