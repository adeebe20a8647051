//! The moving side of a replay.
//!
//! A position's way, stage by stage; each arrow is an event, `|` a boundary of the chip's cycle:
//!
//! ```text
//!  load      | eDRAM → bus → IR
//!  product   | read … | convert | add → OR
//!  merge     | bus → S+A → OR of the tile  ( | network | S+A → OR of another tile )
//!            | activation
//!  deliver   ( | network )  ( | max-pool )  | eDRAM of the consumer
//! ```
//!
//! What cannot go on is not asked again and again: it is woken by what it waits for.

mod codes;
mod deadlock;
mod deliver;
mod load;
mod merge;
mod network;
mod outside;
mod product;
mod state;
mod stream;
mod summary;

use rebias_arch::Arch;
use rebias_buffer::EdramUnit;
use rebias_engine::{EventQueue, Space, Span, Tick};
use rebias_tile::{ImaEvent, ImaUnit, PortUnit, TileUnit};
use rebias_units::{Action, Bytes};

use super::plan::{BufferIdx, ImaIdx, LayerIdx, PartIdx, Plan, Position, ReplicaIdx, ShareIdx, TileIdx};
use super::record::{Recorder, Stage, Work};
use super::{ReplayError, ReplayResult, Traffic};
use state::{BufferState, ImaState, Parcel, PartState, ReplicaState, ShareState, TileState, Waiting};
use stream::Stream;

/// A replay under way.
pub(super) struct Sim<'a, R> {
    plan: &'a Plan,
    recorder: &'a mut R,
    queue: EventQueue<Event>,
    replicas: Vec<ReplicaState>,
    parts: Vec<PartState>,
    shares: Vec<ShareState>,
    buffers: Vec<BufferState>,
    imas: Vec<ImaState>,
    tiles: Vec<TileState>,
    stream: Stream,
    /// Claims that a release has granted; kept for its allocation.
    granted: Vec<Waiting>,
    ima_events: Vec<ImaEvent>,
}

/// What happens at a tick.
#[derive(Clone, Copy, Debug)]
enum Event {
    /// A share begins to read its next position's inputs.
    Load(ShareIdx),
    /// The inputs have left the eDRAM and go over the bus.
    Fetched(ShareIdx),
    /// The inputs are in the input register.
    Loaded(ShareIdx),
    /// A share may begin the reads of a position.
    Start(ShareIdx),
    /// The last read of a position begins.
    LastRead(ShareIdx),
    /// An IMA with scarce converters takes a cycle.
    Step(ImaIdx),
    /// A position's sums are in the output register.
    Summed(ShareIdx),
    /// Sums begin to go over the bus.
    Send(ShareIdx),
    /// Sums have passed the bus.
    Sent(ShareIdx),
    /// A share's sums are merged on their tile.
    Merged(PartIdx, u64),
    /// Another tile's sums are merged.
    LinkMerged(PartIdx, u64),
    /// Finished sums go through the activation units.
    Activate(PartIdx, u64),
    /// Outputs are finished.
    Activated(PartIdx, u64),
    /// Outputs that the outside takes are written.
    WriteLast(PartIdx, u64),
    /// Something enters the network.
    Inject(Parcel),
    /// Its first flit is at its destination.
    Eject(Parcel),
    /// Its last flit is.
    Received(Parcel),
    /// Outputs ask for room in a buffer.
    Offer(Parcel),
    /// Outputs that have room go.
    Depart(Parcel),
    /// Codes are at the tile of their buffer.
    Enter(Parcel),
    /// Codes are written to the buffer.
    Write(Parcel),
    /// Codes may be read.
    Arrive(Parcel),
    /// A position's outputs have left a tile's output register one way.
    Left(ReplicaIdx, u64),
    /// An image is complete.
    ImageDone,
}

impl<'a, R: Recorder> Sim<'a, R> {
    pub(super) fn new(plan: &'a Plan, arch: &Arch, traffic: Traffic, recorder: &'a mut R) -> Result<Self, ReplayError> {
        let imas: Result<_, _> = plan.imas.iter().map(|ima| Self::ima(plan, arch, ima)).collect();
        let tiles: Result<_, _> = plan.tiles.iter().map(|tile| Self::tile(plan, arch, tile)).collect();
        Ok(Self {
            plan,
            recorder,
            queue: EventQueue::new(),
            replicas: plan.replicas.iter().map(|_| ReplicaState::default()).collect(),
            parts: plan.parts.iter().map(|_| PartState::default()).collect(),
            shares: plan.shares.iter().map(|_| ShareState::default()).collect(),
            buffers: plan.buffers.iter().map(|_| BufferState::default()).collect(),
            imas: imas?,
            tiles: tiles?,
            stream: Stream::new(plan, traffic),
            granted: Vec::new(),
            ima_events: Vec::new(),
        })
    }

    pub(super) fn run(mut self) -> Result<ReplayResult, ReplayError> {
        self.open_buffers();
        self.fill_inputs();
        for share in 0..self.shares.len() {
            self.try_load(ShareIdx::new(share));
        }
        while !self.stream.is_over() {
            let Some(event) = self.queue.pop() else {
                return Err(self.deadlock());
            };
            self.handle(event);
        }
        Ok(self.summarise())
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Load(share) => self.load(share),
            Event::Fetched(share) => self.fetched(share),
            Event::Loaded(share) => self.loaded(share),
            Event::Start(share) => self.start(share),
            Event::LastRead(share) => self.last_read(share),
            Event::Step(ima) => {
                self.imas[ima.at()].is_stepping = false;
                self.step(ima);
            }
            Event::Summed(share) => self.summed(share),
            Event::Send(share) => self.send(share),
            Event::Sent(share) => self.sent(share),
            Event::Merged(part, turn) => self.merged(part, turn),
            Event::LinkMerged(part, turn) => self.finish_sums(part, turn),
            Event::Activate(part, turn) => self.activate(part, turn),
            Event::Activated(part, turn) => self.activated(part, turn),
            Event::WriteLast(part, turn) => self.write_last(part, turn),
            Event::Inject(parcel) => self.inject(parcel),
            Event::Eject(parcel) => self.eject(parcel),
            Event::Received(parcel) => self.received(parcel),
            Event::Offer(parcel) => self.offer(parcel),
            Event::Depart(parcel) => self.depart(parcel),
            Event::Enter(parcel) => self.enter(parcel),
            Event::Write(parcel) => self.write(parcel),
            Event::Arrive(parcel) => self.arrive(parcel),
            Event::Left(replica, turn) => self.left(replica, turn),
            Event::ImageDone => self.image_done(),
        }
    }

    /// The boundary at which the next stage begins, if this one is finished now.
    fn boundary(&self) -> Tick {
        self.queue.now().next_boundary(self.plan.period)
    }

    /// The chip cycle of now.
    fn cycle(&self) -> u64 {
        self.queue.now().0 / self.plan.period.0
    }

    /// First tick of a chip cycle.
    fn start_of(&self, cycle: u64) -> Tick {
        Tick(cycle * self.plan.period.0)
    }

    fn position(&self, replica: ReplicaIdx, turn: u64) -> Position {
        self.plan.replicas[replica.at()].position(turn)
    }

    fn count(&mut self, layer: LayerIdx, image: u64, action: Action, times: u64) {
        self.stream.count(layer, image, action, times);
    }

    fn record(&mut self, stage: Stage, tile: TileIdx, layer: LayerIdx, position: Position, span: Span) {
        self.record_in(stage, (tile, None), layer, position, span);
    }

    fn record_in(
        &mut self,
        stage: Stage,
        (tile, ima): (TileIdx, Option<ImaIdx>),
        layer: LayerIdx,
        position: Position,
        span: Span,
    ) {
        let of_layer = &self.plan.layers[layer.at()];
        let work = Work {
            stage,
            tile: self.plan.tiles[tile.at()].index,
            ima: ima.map(|ima| self.plan.imas[ima.at()].id.ima),
            layer: of_layer.id,
            position: position.image * of_layer.n_positions + position.index,
        };
        self.recorder.record(work, span);
    }

    fn ima(plan: &Plan, arch: &Arch, ima: &super::plan::ImaPlan) -> Result<ImaState, ReplayError> {
        let spec = arch.ima();
        let inputs = ima.shares.iter().map(|share| plan.shares[share.at()].input);
        let register = Space::new(spec.input_register.capacity.0, inputs.clone().map(|bytes| bytes.0));
        let register = register.ok_or_else(|| ReplayError::InputRegisterTooSmall {
            ima: ima.path(),
            capacity: spec.input_register.capacity,
            needed: inputs.clone().sum(),
            inputs: named(ima.shares.iter().map(|share| plan.shares[share.at()].layer).zip(inputs), plan),
        })?;
        Ok(ImaState { unit: ImaUnit::new(spec, &ima.products), register, is_stepping: false })
    }

    fn tile(plan: &Plan, arch: &Arch, tile: &super::plan::TilePlan) -> Result<TileState, ReplayError> {
        let spec = arch.tile();
        let buffers = || tile.buffers.iter().map(|buffer: &BufferIdx| &plan.buffers[buffer.at()]);
        let edram = EdramUnit::new(spec.edram, buffers().map(|buffer| buffer.reserved));
        let edram = edram.ok_or_else(|| ReplayError::BufferTooSmall {
            tile: tile.path(),
            capacity: spec.edram.capacity,
            needed: buffers().map(|buffer| buffer.reserved).sum(),
            windows: named(buffers().map(|buffer| (buffer.layer, buffer.reserved)), plan),
        })?;
        Ok(TileState { unit: TileUnit::new(spec.clone()), edram, port: PortUnit::new(&arch.chip().noc) })
    }
}

/// Amounts with the names of their layers.
fn named(amounts: impl Iterator<Item = (LayerIdx, Bytes)>, plan: &Plan) -> Vec<(String, Bytes)> {
    amounts.map(|(layer, bytes)| (plan.layers[layer.at()].name.clone(), bytes)).collect()
}
