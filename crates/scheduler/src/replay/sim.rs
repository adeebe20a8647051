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

mod adder;
mod clock;
mod deadlock;
mod deliver;
mod ledger;
mod load;
mod merge;
mod network;
mod outside;
mod pace;
mod product;
mod state;
mod stream;
mod summary;

use rebias_arch::Arch;
use rebias_buffer::{EdramSpec, EdramUnit, InputRegisterUnit, RegisterSpec};
use rebias_engine::{EventQueue, Gauge, Span, Tick};
use rebias_tile::{ImaEvent, ImaUnit, Interconnect, InterconnectEvent, InterconnectUnit, TileAddress, TileUnit};
use rebias_units::{Action, Bytes};

use super::plan::{AdderIdx, BufferIdx, ImaIdx, LayerIdx, PartIdx, Plan, Position, ReplicaIdx, ShareIdx, TileIdx};
use super::record::{Buffer, Recorder, Stage, Work};
use super::{ReplayError, Schedule, Traffic, Window};
use clock::Clock;
use network::Told;
use state::{
    AdderState, BufferState, ImaState, Outbox, Outputs, Parcel, PartState, ReplicaState, ShareState, TileState,
};

use stream::Stream;

/// A replay under way.
pub(super) struct Sim<'a, R> {
    plan: &'a Plan,
    recorder: R,
    queue: EventQueue<Event>,
    clock: Clock,
    replicas: Vec<ReplicaState>,
    parts: Vec<PartState>,
    shares: Vec<ShareState>,
    /// For each share, the first pixel, of all images in a row, that a position still to be loaded needs. Beside the
    /// shares, as all of a buffer are asked whenever one has gone on.
    first_needed: Vec<u64>,
    adders: Vec<AdderState>,
    buffers: Vec<BufferState<'a>>,
    imas: Vec<ImaState>,
    tiles: Vec<TileState>,
    network: InterconnectUnit<Parcel>,
    /// Where each tile is, and the tile of each buffer. Beside these, as every parcel asks.
    addresses: Vec<TileAddress>,
    hosts: Vec<TileIdx>,
    stream: Stream,
    /// Claims that a release has granted; kept for its allocation.
    granted: Vec<Parcel>,
    /// What the network has told and nobody has acted on.
    told: Vec<(Tick, Told)>,
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
    /// The reads of a position are over.
    NextRead(ShareIdx),
    /// An IMA with scarce converters takes a cycle.
    Step(ImaIdx),
    /// A position's sums are in the output register.
    Summed(ShareIdx),
    /// Sums begin to go over the bus.
    Send(ShareIdx),
    /// Sums have passed the bus.
    Sent(ShareIdx),
    /// A share's sums of a turn are merged on their tile.
    Merged(ShareIdx),
    /// Another tile's sums of a turn are merged.
    LinkMerged(PartIdx, u32),
    /// A part's next sums, which are complete, go through the activation units.
    Activate(PartIdx),
    /// Codes that are to be added up leave the eDRAM.
    AddRead(AdderIdx),
    /// They go over the bus.
    AddTransfer(AdderIdx),
    /// They are added up.
    AddSum(AdderIdx),
    /// A part's next outputs are finished.
    Emit(PartIdx),
    /// Sums go to their tile's port.
    Inject(Parcel),
    /// Something happens on the network.
    Network(InterconnectEvent),
    /// A parcel has come over the network.
    Received(Parcel),
    /// Codes that have room leave the output register.
    Depart(Parcel),
    /// Codes are at the tile of their buffer.
    Enter(Parcel),
    /// Pooled codes are written to the buffer.
    Write(Parcel),
    /// More pixels of a buffer may be read.
    Complete(BufferIdx),
    /// The outside fills a buffer as far as there is room.
    Fill(BufferIdx),
    /// A position's outputs have left the output registers.
    Left(ReplicaIdx),
    /// An image is complete.
    ImageDone,
    /// The outside may send another image.
    Admit,
}

impl<'a, R: Recorder> Sim<'a, R> {
    pub(super) fn new(plan: &'a Plan, arch: &Arch, traffic: Traffic, recorder: R) -> Result<Self, ReplayError> {
        let imas: Result<_, _> = plan.imas.iter().map(|ima| Self::ima(plan, arch, ima)).collect();
        let tiles: Result<_, _> = plan.tiles.iter().map(|tile| Self::tile(plan, arch, tile)).collect();
        Ok(Self {
            plan,
            recorder,
            queue: EventQueue::new(),
            clock: Clock::new(plan.period),
            replicas: plan.replicas.iter().map(ReplicaState::new).collect(),
            parts: plan.parts.iter().map(|_| PartState::default()).collect(),
            shares: plan.shares.iter().map(ShareState::new).collect(),
            first_needed: vec![0; plan.shares.len()],
            adders: plan.adders.iter().map(|_| AdderState::default()).collect(),
            buffers: plan.buffers.iter().map(BufferState::new).collect(),
            imas: imas?,
            tiles: tiles?,
            network: InterconnectUnit::new(Interconnect::new(arch.chip(), arch.system())),
            addresses: plan.tiles.iter().map(|tile| tile.place).collect(),
            hosts: plan.buffers.iter().map(|buffer| buffer.tile).collect(),
            stream: Stream::new(plan, traffic),
            granted: Vec::new(),
            told: Vec::new(),
            ima_events: Vec::new(),
        })
    }

    /// Goes on until there have been enough images.
    pub(super) fn run(mut self) -> Result<Self, ReplayError> {
        self.open_buffers();
        self.admit();
        self.fill_inputs();
        for share in 0..self.shares.len() {
            self.try_load(ShareIdx::new(share));
        }
        for adder in 0..self.adders.len() {
            self.try_add(AdderIdx::new(adder));
        }
        while !self.stream.is_over() {
            let Some(event) = self.queue.pop() else {
                return Err(self.deadlock());
            };
            self.clock.advance(self.queue.now());
            self.handle(event);
        }
        Ok(self)
    }

    /// The window that the first image has shown to fit.
    pub(super) fn fitted_window(&self) -> Window {
        self.stream.pace.fitted()
    }

    #[inline(always)]
    fn handle(&mut self, event: Event) {
        match event {
            Event::Load(share) => self.load(share),
            Event::Fetched(share) => self.fetched(share),
            Event::Loaded(share) => self.loaded(share),
            Event::Start(share) => self.start(share),
            Event::LastRead(share) => self.last_read(share),
            Event::NextRead(share) => self.next_read(share),
            Event::Step(ima) => {
                self.imas[ima.at()].is_stepping = false;
                self.step(ima);
            }
            Event::Summed(share) => self.summed(share),
            Event::Send(share) => self.send(share),
            Event::Sent(share) => self.sent(share),
            Event::Merged(share) => self.merged(share),
            Event::LinkMerged(part, turn) => self.finish_sums(part, turn),
            Event::Activate(part) => self.activate(part),
            Event::AddRead(adder) => self.add_read(adder),
            Event::AddTransfer(adder) => self.add_transfer(adder),
            Event::AddSum(adder) => self.add_sum(adder),
            Event::Emit(part) => self.emit(part),
            Event::Inject(parcel) => self.inject_sums(parcel),
            Event::Network(event) => self.network_event(event),
            Event::Received(parcel) => self.received(parcel),
            Event::Depart(parcel) => self.depart(parcel),
            Event::Enter(parcel) => self.enter(parcel),
            Event::Write(parcel) => self.write(parcel),
            Event::Complete(buffer) => self.complete(buffer),
            Event::Fill(buffer) => self.fill(buffer),
            Event::Left(replica) => self.left(replica),
            Event::ImageDone => self.image_done(),
            Event::Admit => self.admit(),
        }
    }

    /// The boundary at which the next stage begins, if this one is finished now.
    fn boundary(&self) -> Tick {
        self.clock.boundary_from(self.queue.now())
    }

    /// The chip cycle of now.
    fn cycle(&self) -> u64 {
        self.clock.cycle()
    }

    /// First tick of a chip cycle.
    fn start_of(&self, cycle: u64) -> Tick {
        Tick(cycle * self.plan.period.0)
    }

    fn position(&self, replica: ReplicaIdx, turn: u64) -> Position {
        self.plan.replicas[replica.at()].turns.position(turn)
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
        if !self.recorder.listens() {
            return;
        }
        let of_layer = &self.plan.layers[layer.at()];
        let work = Work {
            stage,
            tile: self.plan.tiles[tile.at()].index,
            ima: ima.map(|ima| self.plan.imas[ima.at()].id.ima),
            layer: of_layer.id,
            image: position.image,
            position: position.image * of_layer.n_positions + position.index,
        };
        self.recorder.work(work, span);
    }

    fn ima(plan: &Plan, arch: &Arch, ima: &super::plan::ImaPlan) -> Result<ImaState, ReplayError> {
        let spec = arch.ima();
        let inputs = ima.shares.iter().map(|share| plan.shares[share.at()].input);
        let register = RegisterSpec { capacity: plan.input_register };
        let register = InputRegisterUnit::new(register, inputs.clone());
        let register = register.ok_or_else(|| ReplayError::InputRegisterTooSmall {
            ima: ima.path(),
            capacity: plan.input_register,
            needed: inputs.clone().sum(),
            inputs: named(ima.shares.iter().map(|share| plan.shares[share.at()].layer).zip(inputs), plan),
        })?;
        Ok(ImaState { unit: ImaUnit::new(spec, &ima.products), inputs: register, is_stepping: false })
    }

    fn tile(plan: &Plan, arch: &Arch, tile: &super::plan::TilePlan) -> Result<TileState, ReplayError> {
        let spec = arch.tile();
        let buffers = || tile.buffers.iter().map(|buffer: &BufferIdx| &plan.buffers[buffer.at()]);
        let too_small = || ReplayError::BufferTooSmall {
            tile: tile.path(),
            capacity: plan.edram,
            needed: tile.needed,
            what: match plan.schedule {
                Schedule::InterLayer => "windows",
                Schedule::LayerByLayer => "whole maps",
            },
            parts: named(buffers().map(|buffer| (buffer.layer, plan.needed_of(buffer))), plan),
        };
        let memory = EdramSpec { capacity: plan.edram, ..spec.edram };
        if tile.needed > plan.edram {
            return Err(too_small());
        }
        let edram = EdramUnit::new(memory, buffers().map(|buffer| buffer.reserved)).ok_or_else(too_small)?;
        Ok(TileState {
            unit: TileUnit::new(spec.clone()),
            edram,
            held: Gauge::default(),
            outputs: Outputs::default(),
            outbox: Outbox::default(),
        })
    }
}

/// Amounts with the names of their layers.
fn named(amounts: impl Iterator<Item = (LayerIdx, Bytes)>, plan: &Plan) -> Vec<(String, Bytes)> {
    amounts.map(|(layer, bytes)| (plan.layers[layer.at()].name.clone(), bytes)).collect()
}

// An event goes into the queue and out of it millions of times.
const _: () = assert!(size_of::<Event>() <= 12);
