//! The outside, which keeps the buffers of the network's input full, and only so many images on their way.

use rebias_engine::Claim;

use super::state::Parcel;
use super::{Event, Recorder, Sim};
use crate::replay::plan::{BufferIdx, Source};

impl<R: Recorder> Sim<'_, R> {
    /// Lets the outside fill the buffers of the network's input before the clock starts.
    pub(super) fn fill_inputs(&mut self) {
        for (layer, plan) in self.plan.layers.iter().enumerate() {
            if plan.input.source == Source::Network {
                for &buffer in &self.plan.layers[layer].buffers {
                    while let Some(parcel) = self.next_input(buffer) {
                        if let Some(codes) = self.codes(parcel) {
                            self.count_entry(&codes);
                        }
                        self.arrive(parcel);
                    }
                }
            }
        }
    }

    /// Lets the outside give a buffer what it has room for.
    pub(super) fn feed(&mut self, buffer: BufferIdx) {
        while let Some(parcel) = self.next_input(buffer) {
            self.queue.push(self.boundary(), Event::Enter(parcel));
        }
    }

    /// Lets the outside go on with the images that the completion of one has made room for.
    pub(super) fn feed_next_image(&mut self) {
        let admitted = self.stream.first_held_back() - 1;
        for buffer in (0..self.plan.buffers.len()).map(BufferIdx::new) {
            let map = &self.plan.layers[self.plan.buffers[buffer.at()].layer.at()].input;
            let is_held_back = self.buffers[buffer.at()].fed == admitted * map.n_source_pixels() as u64;
            if map.source == Source::Network && is_held_back {
                self.feed(buffer);
            }
        }
    }

    /// The next pixel of the network's input, if its image may enter and the buffer has room for it; otherwise the
    /// pixel waits.
    fn next_input(&mut self, buffer: BufferIdx) -> Option<Parcel> {
        let plan = &self.plan.buffers[buffer.at()];
        let map = &self.plan.layers[plan.layer.at()].input;
        loop {
            let pixel = self.buffers[buffer.at()].fed;
            let image = pixel / map.n_source_pixels() as u64;
            if image >= self.stream.first_held_back() {
                return None;
            }
            self.buffers[buffer.at()].fed += 1;
            let parcel = Parcel::Input { buffer, pixel };
            match self.claim(parcel) {
                Some(Claim::Granted(_)) => return Some(parcel),
                Some(Claim::Waits) => return None,
                None => self.stream.closes(image),
            }
        }
    }
}
