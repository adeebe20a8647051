//! Who waits for whom when nothing can go on.
//!
//! From the copy that the outside waits for, each step leads to who is waited for, until someone comes up again: a
//! circle, which is what a deadlock is.
//!
//! ```text
//!  copy: its oldest turn ── room in a buffer ──► the share that keeps what is there
//!    │                                                     │
//!    └── sums of a share ──► share ── a window ──► copy    ├── the way out ──► its copy
//!                              └── room in its register ──►└── …
//! ```

use super::state::{LoadState, Parcel};
use super::{Recorder, Sim};
use crate::replay::ReplayError;
use crate::replay::plan::{BufferIdx, LayerIdx, Origin, ReplicaIdx, Role, ShareIdx, Source};

/// Someone who waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waiter {
    /// A copy's oldest turn, which has not left.
    Copy(ReplicaIdx),
    /// The arrays of a copy in one IMA.
    Share(ShareIdx),
    /// The outside, which has inputs for a buffer.
    Outside(BufferIdx),
}

/// What someone waits for, and whom.
type Wait = (String, Option<Waiter>);

impl<R: Recorder> Sim<'_, R> {
    pub(super) fn deadlock(&self) -> ReplayError {
        let last = self.plan.layers.iter().position(|layer| layer.role == Role::Last);
        let mut waiter = last.and_then(|layer| self.slowest_copy(LayerIdx::new(layer)));
        let (mut waiters, mut waits) = (Vec::new(), Vec::new());
        let mut returns_to = None;
        while let Some(next) = waiter {
            returns_to = waiters.iter().position(|&before| before == next);
            if returns_to.is_some() {
                break;
            }
            let (wait, of) = match next {
                Waiter::Copy(copy) => self.wait_of_copy(copy),
                Waiter::Share(share) => self.wait_of_share(share),
                Waiter::Outside(buffer) => self.wait_for_room(buffer, "the network's input".to_owned()),
            };
            waiters.push(next);
            waits.push(wait);
            waiter = of;
        }
        ReplayError::Deadlock { cycle: self.cycle(), waits, returns_to }
    }

    /// The copy of a layer whose oldest turn comes first.
    fn slowest_copy(&self, layer: LayerIdx) -> Option<Waiter> {
        let next = |copy: &&ReplicaIdx| {
            let position = self.position(**copy, self.replicas[copy.at()].left);
            (position.image, position.index)
        };
        self.plan.layers[layer.at()].replicas.iter().min_by_key(next).map(|&copy| Waiter::Copy(copy))
    }

    fn wait_of_copy(&self, copy: ReplicaIdx) -> Wait {
        let (plan, left) = (&self.plan.replicas[copy.at()], self.replicas[copy.at()].left);
        let position = self.position(copy, left).index;
        let name = format!("position {position} of `{}`", self.name(plan.layer));
        let is_its = |parcel: &Parcel| match self.plan.lanes[parcel.lane.at()].origin {
            Origin::Part(part) => self.plan.parts[part.at()].replica == copy && u64::from(parcel.turn) == left,
            Origin::Outside => false,
        };
        for (buffer, reader) in self.plan.buffers.iter().enumerate() {
            if self.tiles[reader.tile.at()].edram.waiting(reader.region).any(is_its) {
                return self.wait_for_room(BufferIdx::new(buffer), name);
            }
        }
        match plan.shares.iter().find(|share| self.shares[share.at()].sent <= left) {
            Some(&share) => {
                let ima = self.plan.imas[self.plan.shares[share.at()].ima.at()].path();
                (format!("{name} waits for its sums from {ima}"), Some(Waiter::Share(share)))
            }
            None => (format!("{name} waits for the network"), None),
        }
    }

    /// Waits for room in a buffer: for the reader that lets least of what it holds beyond its own part go.
    fn wait_for_room(&self, buffer: BufferIdx, who: String) -> Wait {
        let plan = &self.plan.buffers[buffer.at()];
        let tile = &self.plan.tiles[plan.tile.at()];
        let edram = &self.tiles[plan.tile.at()].edram;
        let excess = |holder: &&BufferIdx| {
            let holder = &self.plan.buffers[holder.at()];
            edram.held(holder.region).0.saturating_sub(holder.reserved.0)
        };
        let holder = tile.buffers.iter().max_by_key(excess).filter(|holder| excess(holder) > 0).unwrap_or(&buffer);
        let keeper = self.plan.buffers[holder.at()].shares.iter();
        let keeper = keeper.min_by_key(|share| self.shares[share.at()].first_needed);
        let held = edram.held(self.plan.buffers[holder.at()].region).0;
        let wait = format!(
            "{who} waits for room in the buffer of `{}` on {}, where `{}` keeps {held} of {} bytes",
            self.name(plan.layer),
            tile.path(),
            self.name(self.plan.buffers[holder.at()].layer),
            edram.capacity().0,
        );
        (wait, keeper.map(|&share| Waiter::Share(share)))
    }

    fn wait_of_share(&self, share: ShareIdx) -> Wait {
        let (plan, state) = (&self.plan.shares[share.at()], &self.shares[share.at()]);
        let ima = self.plan.imas[plan.ima.at()].path();
        let reader = self.name(plan.layer);
        if state.started < state.loaded || state.sent < state.started {
            let wait = format!("`{reader}` in {ima} waits until the sums before can leave");
            return (wait, Some(Waiter::Copy(plan.replica)));
        }
        match state.load {
            LoadState::WaitsForInput => {
                let complete = self.buffers[plan.buffer.at()].complete;
                let map = &self.plan.layers[plan.layer.at()].input;
                let pixel = complete % map.n_pixels as u64;
                let (source, next) = match map.source {
                    Source::Network => ("the network's input".to_owned(), Some(Waiter::Outside(plan.buffer))),
                    Source::Layer(id) => {
                        let producer = self.plan.layers.iter().position(|layer| layer.id == id).map(LayerIdx::new);
                        let name = producer.map_or("?", |producer| self.name(producer));
                        (format!("`{name}`"), producer.and_then(|producer| self.slowest_copy(producer)))
                    }
                };
                (format!("`{reader}` in {ima} waits for pixel {pixel} of {source}"), next)
            }
            LoadState::WaitsForRegister => {
                let others = self.plan.imas[plan.ima.at()].shares.iter();
                let other = others.filter(|&&other| other != share).max_by_key(|other| {
                    let other = &self.shares[other.at()];
                    other.loaded - other.drained
                });
                let wait = format!("`{reader}` waits for room in the input register of {ima}");
                (wait, other.map(|&other| Waiter::Share(other)))
            }
            LoadState::Idle | LoadState::Loading => (format!("`{reader}` in {ima} waits for its inputs"), None),
        }
    }

    fn name(&self, layer: LayerIdx) -> &str {
        &self.plan.layers[layer.at()].name
    }
}
