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
use crate::replay::plan::{AdderIdx, BufferIdx, Ends, LayerIdx, ReplicaIdx, Role, ShareIdx};

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
            let position = self.position(**copy, self.replicas[copy.at()].outputs.left());
            (position.image, position.index)
        };
        self.plan.layers[layer.at()].replicas.iter().min_by_key(next).map(|&copy| Waiter::Copy(copy))
    }

    fn wait_of_copy(&self, copy: ReplicaIdx) -> Wait {
        let (plan, left) = (&self.plan.replicas[copy.at()], self.replicas[copy.at()].outputs.left());
        let position = self.position(copy, left).index;
        let name = format!("position {position} of `{}`", self.name(plan.layer));
        let is_its = |parcel: &Parcel| match self.plan.lanes[parcel.lane.at()].ends {
            Ends::Codes { from, .. } | Ends::Sums { from, .. } => {
                self.plan.parts[from.at()].replica == copy && u64::from(parcel.turn) == left
            }
            Ends::Input { .. } => false,
        };
        for (buffer, reader) in self.plan.buffers.iter().enumerate() {
            if self.tiles[reader.tile.at()].edram.waiting(reader.region).any(is_its) {
                return self.wait_for_room(BufferIdx::new(buffer), name);
            }
        }
        if let Some(adder) = plan.adder {
            return self.wait_of_adder(adder, name);
        }
        match plan.shares.iter().find(|share| self.shares[share.at()].outputs.left() <= left) {
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
        let reader = &self.plan.buffers[holder.at()];
        let slowest = reader.shares.iter().min_by_key(|share| self.first_needed[share.at()]);
        let adder = reader.adder.map(|adder| Waiter::Copy(self.plan.adders[adder.at()].replica));
        let keeper = slowest.map(|&share| Waiter::Share(share)).or(adder);
        let held = edram.held(self.plan.buffers[holder.at()].region).0;
        let wait = format!(
            "{who} waits for room in the buffer of `{}` on {}, where `{}` keeps {held} of {} bytes",
            self.name(plan.layer),
            tile.path(),
            self.name(self.plan.buffers[holder.at()].layer),
            edram.capacity().0,
        );
        (wait, keeper)
    }

    /// Waits for the map that has least of what the next position needs.
    fn wait_of_adder(&self, adder: AdderIdx, who: String) -> Wait {
        let (plan, begun) = (&self.plan.adders[adder.at()], self.adders[adder.at()].begun);
        let position = self.position(plan.replica, begun);
        let lacks = |buffer: &&BufferIdx| {
            self.buffers[buffer.at()].complete <= self.plan.map_of(**buffer).last_needed(position.image, position.index)
        };
        match plan.buffers.iter().find(lacks) {
            Some(&buffer) => {
                let (source, next) = self.wait_for_pixel(buffer);
                (format!("{who} waits for {source}"), next)
            }
            None => (format!("{who} waits for its sum"), None),
        }
    }

    /// The pixel that a buffer lacks, and who makes it.
    fn wait_for_pixel(&self, buffer: BufferIdx) -> Wait {
        let plan = &self.plan.buffers[buffer.at()];
        let pixel = self.buffers[buffer.at()].complete % self.plan.map_of(buffer).n_pixels as u64;
        match self.plan.source(plan.layer, plan.operand) {
            None => (format!("pixel {pixel} of the network's input"), Some(Waiter::Outside(buffer))),
            Some(producer) => (format!("pixel {pixel} of `{}`", self.name(producer)), self.slowest_copy(producer)),
        }
    }

    fn wait_of_share(&self, share: ShareIdx) -> Wait {
        let (plan, state) = (&self.plan.shares[share.at()], &self.shares[share.at()]);
        let ima = self.plan.imas[plan.ima.at()].path();
        let reader = self.name(plan.layer);
        if state.started < self.loaded_by(share) || state.outputs.left() < state.started {
            let wait = format!("`{reader}` in {ima} waits until the sums before can leave");
            return (wait, Some(Waiter::Copy(plan.replica)));
        }
        match state.load {
            LoadState::WaitsForInput => {
                let (source, next) = self.wait_for_pixel(plan.buffer);
                (format!("`{reader}` in {ima} waits for {source}"), next)
            }
            LoadState::WaitsForRegister => {
                let others = self.plan.imas[plan.ima.at()].shares.iter();
                let other = others.filter(|&&other| other != share).max_by_key(|other| {
                    let (inputs, product) = (&self.imas[plan.ima.at()].inputs, self.plan.shares[other.at()].mvm);
                    inputs.filled(product) - inputs.drained(product)
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
