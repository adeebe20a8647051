//! What changes in the course of a replay; all of it plain data.

use std::collections::VecDeque;

use rebias_buffer::{EdramUnit, InputRegisterUnit, OutputRegisterUnit};
use rebias_engine::{Gauge, RegionId, Tick};
use rebias_tile::{ImaUnit, TileUnit};
use rebias_units::Bytes;

use crate::replay::Stall;
use crate::replay::plan::{
    BufferPlan, Codes, Entered, InputMap, LaneIdx, PartPlan, ReplicaPlan, ShareIdx, SharePlan, TileIdx,
};

/// Something on its way to a tile: what its lane carries, for a turn of the copy it comes from, or a pixel of the
/// network's input, counted over all images in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Parcel {
    pub(super) lane: LaneIdx,
    pub(super) turn: u32,
}

impl Parcel {
    /// The one of the same turn that goes some lanes behind.
    fn after(self, lanes: u32) -> Self {
        Self { lane: self.lane.after(lanes), ..self }
    }
}

/// The arrays of a copy in one IMA: how many positions have come how far. The stages keep their order. How many are
/// loaded, the input register knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ShareState {
    pub(super) started: u64,
    /// Positions of these that are the first image's, where nothing holds up converters.
    pub(super) started_first: u32,
    /// Positions of these whose reads are not over.
    pub(super) reading: u32,
    /// Positions whose last columns are converted, where converters are scarce.
    pub(super) converted: u64,
    pub(super) summed: u64,
    /// Positions whose sums are merged on their tile.
    pub(super) merged: u32,
    /// The IMA's output register: positions enter it when their reads begin, and leave it over the bus.
    pub(super) outputs: OutputRegisterUnit,
    pub(super) load: LoadState,
    pub(super) sending: Sending,
    pub(super) diary: Diary,
}

/// What the arrays of a share do, and for how many ticks they have done what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Diary {
    activity: Activity,
    since: Tick,
    stalled: [u64; Stall::ALL.len()],
}

/// What the arrays of a share do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Activity {
    /// Nothing: no image has come for them.
    #[default]
    Idle,
    /// The reads of a position are under way; those that wait for converters are told apart by the IMA.
    Reading,
    Stalled(Stall),
}

impl Activity {
    /// What its ticks are counted for.
    fn stall(self) -> Option<Stall> {
        match self {
            Self::Idle => None,
            Self::Reading => Some(Stall::Converters),
            Self::Stalled(stall) => Some(stall),
        }
    }
}

impl Diary {
    pub(super) fn begins(&mut self, activity: Activity, now: Tick) {
        if activity == self.activity {
            return;
        }
        if let Some(stall) = self.activity.stall() {
            self.stalled[stall as usize] += (now - self.since).0;
        }
        (self.activity, self.since) = (activity, now);
    }

    pub(super) fn is_reading(&self) -> bool {
        self.activity == Activity::Reading
    }

    /// Ticks before a tick for which each has stalled the arrays. Reads count as waiting for converters; those that did
    /// not wait have to be taken off.
    pub(super) fn stalled_before(&self, tick: Tick) -> [u64; Stall::ALL.len()] {
        let mut stalled = self.stalled;
        if let Some(stall) = self.activity.stall() {
            stalled[stall as usize] += (tick - self.since).0;
        }
        stalled
    }
}

/// What the loading side of a share does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum LoadState {
    /// Nothing, and nobody will wake it but itself.
    #[default]
    Idle,
    /// The window of the next position is not complete.
    WaitsForInput,
    /// The input register has no room.
    WaitsForRegister,
    /// A position is being loaded.
    Loading,
}

/// What the sending side of a share does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Sending {
    /// Nothing.
    #[default]
    Idle,
    /// A position's sums are on the bus; so many fills of the register have passed it.
    Fill(u32),
}

/// A copy: the turns that have not left its tiles' output registers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ReplicaState {
    /// These registers, which work together: a turn leaves all of them at once.
    pub(super) outputs: OutputRegisterUnit,
    /// What each later turn still has before it.
    pub(super) leaving: VecDeque<Leaving>,
    /// Lanes that a turn leaves by.
    departures: u32,
}

/// A turn on its way out of the output registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Leaving {
    /// Lanes that it has not left by.
    pub(super) lanes: u32,
    /// When the last of the others was done.
    pub(super) until: Tick,
}

/// A copy on one tile. Its turns keep their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct PartState {
    /// For each turn that has not left, what its sums still wait for.
    pub(super) turns: VecDeque<Missing>,
    /// Turns that have gone to the activation units.
    pub(super) activated: u32,
    /// Turns whose outputs are finished.
    pub(super) emitted: u32,
}

/// What the sums of a turn wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Missing {
    /// Shares of the tile.
    pub(super) shares: u32,
    /// Other tiles, and this one as a whole.
    pub(super) tiles: u32,
}

/// The sums of a layer's codes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct AdderState {
    /// Positions whose codes have been read, or are.
    pub(super) begun: u64,
    /// Whether the last of these is on its way to the shift-and-add units.
    pub(super) is_reading: bool,
}

/// A layer's input on one tile.
// What every parcel touches comes first.
#[derive(Clone, Debug)]
#[repr(C)]
pub(super) struct BufferState<'a> {
    pub(super) map: &'a InputMap,
    /// Pixels, of all images in a row, whose last codes are at least on their way into the banks.
    pub(super) written: u64,
    /// What has come of the pixels behind, and is still to come.
    pixels: VecDeque<Arrivals>,
    /// The pixel behind these, within its image.
    next_pixel: u32,
    pub(super) tile: TileIdx,
    n_channels: u32,
    pub(super) region: RegionId,
    /// The codes of one pixel.
    pub(super) slot: Bytes,
    /// The first pixel, likewise, that is kept.
    pub(super) first_kept: u64,
    /// Pixels, likewise, that are complete up to here.
    pub(super) complete: u64,
    /// When how many of these are complete, in order; an event for each.
    pub(super) completing: VecDeque<(Tick, u64)>,
    /// The lowest pixel that a share waits for; nobody needs to be woken for those before.
    pub(super) awaited: Option<u64>,
    pub(super) held: Gauge,
    /// Pixels that the outside has taken, if it empties the buffer.
    pub(super) taken: u64,
    /// Pixels that the outside has given, if it fills the buffer.
    pub(super) fed: u64,
    /// Whether the outside is about to fill the buffer.
    pub(super) is_filling: bool,
}

/// What has come of a pixel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Arrivals {
    /// Values whose access to the banks is not scheduled yet.
    missing: u64,
    /// When the last of the others can be read.
    readable: Tick,
}

/// An IMA.
#[derive(Debug)]
pub(super) struct ImaState {
    pub(super) unit: ImaUnit,
    pub(super) inputs: InputRegisterUnit<ShareIdx>,
    /// Whether its next cycle is in the queue.
    pub(super) is_stepping: bool,
}

/// A tile.
#[derive(Debug)]
pub(super) struct TileState {
    pub(super) unit: TileUnit,
    pub(super) edram: EdramUnit<Parcel>,
    pub(super) held: Gauge,
    pub(super) outputs: Outputs,
    /// What is at the port into the network, the first parcel on its way into it.
    pub(super) outbox: Outbox,
}

/// Parcels in the order in which they came. Those of a turn that came at once stand together, by the first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Outbox(VecDeque<Outgoing>);

/// Parcels of a turn, for lanes one behind the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Outgoing {
    first: Parcel,
    n: u32,
    /// When they came.
    since: Tick,
}

impl Outbox {
    pub(super) fn push(&mut self, parcel: Parcel, now: Tick) {
        match self.0.back_mut() {
            Some(last) if last.since == now && last.first.after(last.n) == parcel => last.n += 1,
            _ => self.0.push_back(Outgoing { first: parcel, n: 1, since: now }),
        }
    }

    pub(super) fn front(&self) -> Option<Parcel> {
        Some(self.0.front()?.first)
    }

    /// Takes out the first parcel; returns when it came.
    pub(super) fn pop(&mut self) -> Option<Tick> {
        let Outgoing { first, n, since } = self.0.front_mut()?;
        let came = *since;
        if *n == 1 {
            self.0.pop_front();
        } else {
            (*first, *n) = (first.after(1), *n - 1);
        }
        Some(came)
    }
}

/// Finished outputs in a tile's output register.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Outputs {
    /// Parcels that have not left.
    pub(super) open: u32,
    /// Parcels among these that wait for room at their destination.
    pub(super) waiting: u32,
    since: Tick,
    busy: u64,
    stalled: u64,
}

impl Outputs {
    /// Something is going to change at a tick.
    pub(super) fn change(&mut self, now: Tick) -> &mut Self {
        (self.busy, self.stalled) = self.before(now);
        self.since = now;
        self
    }

    /// Ticks before a tick in which all outputs were on their way, and in which some waited.
    pub(super) fn before(&self, tick: Tick) -> (u64, u64) {
        let ticks = (tick - self.since).0;
        match (self.open, self.waiting) {
            (_, 1..) => (self.busy, self.stalled + ticks),
            (1.., 0) => (self.busy + ticks, self.stalled),
            (0, 0) => (self.busy, self.stalled),
        }
    }
}

impl<'a> BufferState<'a> {
    pub(super) fn new(plan: &'a BufferPlan) -> Self {
        Self {
            map: &plan.map,
            tile: plan.tile,
            region: plan.region,
            slot: plan.slot,
            n_channels: plan.n_channels as u32,
            first_kept: 0,
            complete: 0,
            written: 0,
            completing: VecDeque::new(),
            is_filling: false,
            pixels: VecDeque::new(),
            next_pixel: 0,
            awaited: None,
            taken: 0,
            fed: 0,
            held: Gauge::default(),
        }
    }

    /// Takes codes that can be read from a boundary on. When that completes pixels, they are complete at the tick that
    /// comes back; none comes if others are then anyway.
    pub(super) fn receive(&mut self, codes: &Codes, readable: Tick) -> Option<Tick> {
        let Entered { first, rows, columns, .. } = codes.entered;
        let n_before = codes.image * self.map.n_pixels as u64;
        for row in 0..rows {
            let from = n_before + u64::from(first + row * self.map.width()) - self.written;
            for ahead in from as usize..from as usize + columns as usize {
                while self.pixels.len() <= ahead {
                    self.expect_pixel();
                }
                let arrivals = &mut self.pixels[ahead];
                arrivals.missing -= u64::from(codes.values);
                arrivals.readable = arrivals.readable.max(readable);
            }
        }
        let mut complete_at = Tick::ZERO;
        let before = self.written;
        while let Some(&Arrivals { missing: 0, readable }) = self.pixels.front() {
            self.pixels.pop_front();
            self.written += 1;
            complete_at = complete_at.max(readable);
        }
        if self.written == before { None } else { self.complete_from(complete_at) }
    }

    /// Notes that the pixels written are complete at a tick, or with those before; returns the tick if none are then.
    fn complete_from(&mut self, at: Tick) -> Option<Tick> {
        if let Some((last, written)) = self.completing.back_mut()
            && *last >= at
        {
            *written = self.written;
            return None;
        }
        self.completing.push_back((at, self.written));
        Some(at)
    }

    /// Notes what the next pixel of which nothing has come needs.
    fn expect_pixel(&mut self) {
        let missing = u64::from(self.n_channels) * u64::from(self.map.n_contributions(self.next_pixel));
        self.pixels.push_back(Arrivals { missing, readable: Tick::ZERO });
        self.next_pixel = if self.next_pixel + 1 < self.map.n_pixels() { self.next_pixel + 1 } else { 0 };
    }
}

impl PartState {
    /// What a turn waits for, which is `ahead` turns behind the first that has not left.
    pub(super) fn missing(&mut self, ahead: u64, plan: &PartPlan) -> &mut Missing {
        let ahead = ahead as usize;
        while self.turns.len() <= ahead {
            self.turns.push_back(Missing { shares: plan.n_shares, tiles: plan.n_incoming + 1 });
        }
        &mut self.turns[ahead]
    }
}

impl ShareState {
    pub(super) fn new(plan: &SharePlan) -> Self {
        Self {
            started: 0,
            started_first: 0,
            reading: 0,
            converted: 0,
            summed: 0,
            merged: 0,
            outputs: OutputRegisterUnit::new(plan.places),
            load: LoadState::default(),
            sending: Sending::default(),
            diary: Diary::default(),
        }
    }
}

impl ReplicaState {
    pub(super) fn new(plan: &ReplicaPlan) -> Self {
        Self { outputs: OutputRegisterUnit::new(plan.depth), leaving: VecDeque::new(), departures: plan.departures }
    }

    /// A turn leaves by one of its lanes, at a tick; when by all, that was the last of these ticks.
    pub(super) fn leave(&mut self, turn: u64, at: Tick) -> Option<Tick> {
        let ahead = (turn - self.outputs.left()) as usize;
        while self.leaving.len() <= ahead {
            self.leaving.push_back(Leaving { lanes: self.departures, until: Tick::ZERO });
        }
        let leaving = &mut self.leaving[ahead];
        leaving.lanes -= 1;
        leaving.until = leaving.until.max(at);
        (leaving.lanes == 0).then_some(leaving.until)
    }

    /// Takes off the turns that have left, all up to `now`; returns how many.
    pub(super) fn take_left(&mut self, now: Tick) -> u64 {
        let before = self.outputs.left();
        while self.leaving.front().is_some_and(|leaving| leaving.lanes == 0 && leaving.until <= now) {
            self.leaving.pop_front();
            self.outputs.leave();
        }
        self.outputs.left() - before
    }
}
