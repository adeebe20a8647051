//! What stays the same throughout a replay: who holds what, and who sends how much to whom.
//!
//! ```text
//!  layer ── replica ── part (the replica on one tile) ── share (the part in one IMA)
//!    │                   └─ lanes: sums to the part that finishes an output, codes to buffers
//!    └─ buffer (the layer's input on one tile)
//! ```

mod build;
mod digital;
mod input_map;
mod pooling;
mod registers;
mod reserve;
mod routes;

use std::rc::Rc;

use rebias_buffer::RegisterUse;
use rebias_engine::{Divisor, RegionId};
use rebias_mapper::ImaId;
use rebias_network::LayerId;
use rebias_tile::{MvmShape, TileAddress};
use rebias_units::{Bytes, Cycles};

pub(super) use input_map::{InputMap, Source};
pub(super) use pooling::Entered;

use super::Schedule;

/// Defines indices into the tables of a plan, one type for each table.
macro_rules! indices {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
            pub(super) struct $name(u32);

            impl $name {
                pub(super) fn new(index: usize) -> Self {
                    Self(index as u32)
                }

                pub(super) fn at(self) -> usize {
                    self.0 as usize
                }
            }
        )+
    };
}

indices!(LayerIdx, ReplicaIdx, PartIdx, ShareIdx, AdderIdx, LaneIdx, BufferIdx, ImaIdx, TileIdx);

/// The static side of a replay.
#[derive(Debug)]
pub(super) struct Plan {
    /// Ticks of a chip cycle.
    pub(super) period: Cycles,
    /// What each tile's eDRAM holds.
    pub(super) edram: Bytes,
    /// What each IMA's input register holds.
    pub(super) input_register: Bytes,
    /// Width of the network's links.
    pub(super) flit_bits: u32,
    pub(super) schedule: Schedule,
    pub(super) layers: Vec<LayerPlan>,
    pub(super) replicas: Vec<ReplicaPlan>,
    pub(super) parts: Vec<PartPlan>,
    pub(super) shares: Vec<SharePlan>,
    pub(super) adders: Vec<AdderPlan>,
    pub(super) lanes: Vec<LanePlan>,
    pub(super) buffers: Vec<BufferPlan>,
    pub(super) imas: Vec<ImaPlan>,
    pub(super) tiles: Vec<TilePlan>,
}

/// A weighted layer.
#[derive(Debug)]
pub(super) struct LayerPlan {
    pub(super) id: LayerId,
    pub(super) name: String,
    pub(super) n_positions: u64,
    pub(super) kind: LayerKind,
    /// One map, and of an addition the skip operand's.
    pub(super) inputs: Vec<Rc<InputMap>>,
    pub(super) replicas: Vec<ReplicaIdx>,
    pub(super) buffers: Vec<BufferIdx>,
    pub(super) output: Output,
    /// Multiplications by a sum of inputs that an output takes.
    pub(super) bias_multiplies: u64,
    pub(super) role: Role,
}

/// What a layer does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LayerKind {
    /// Products on arrays.
    Weighted,
    /// Sums of codes, on the shift-and-add units of a tile.
    Summed,
    /// Nothing: the outside takes its input, the pooled outputs of another layer, out of the eDRAM. It is no layer of
    /// the network.
    Taken,
}

/// What a finished output is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Output {
    /// Codes of some bits, from the activation units.
    Codes { bits: u32 },
    /// Sums, with their bias.
    Logits { bits: u32 },
}

/// Who takes a layer's outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Other layers.
    Inner,
    /// The outside, from the eDRAM where they are written: the image ends here.
    Last,
}

/// A copy of a layer.
#[derive(Debug)]
pub(super) struct ReplicaPlan {
    pub(super) layer: LayerIdx,
    pub(super) turns: Turns,
    pub(super) parts: Vec<PartIdx>,
    pub(super) shares: Vec<ShareIdx>,
    /// Who makes its positions, if the layer has no weights.
    pub(super) adder: Option<AdderIdx>,
    /// Positions whose sums the tiles' output registers hold at once.
    pub(super) depth: u64,
    /// Lanes that a position leaves by.
    pub(super) departures: u32,
}

/// Which positions someone takes in turn; kept by all who work on them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turns {
    /// The first position; the others follow at distances of the number of copies.
    pub(super) first: u32,
    pub(super) stride: u32,
    pub(super) per_image: Divisor,
}

/// The arrays of a copy on one tile.
#[derive(Debug)]
pub(super) struct PartPlan {
    pub(super) turns: Turns,
    pub(super) replica: ReplicaIdx,
    pub(super) layer: LayerIdx,
    pub(super) tile: TileIdx,
    pub(super) n_shares: u32,
    /// Outputs that are finished here.
    pub(super) n_outputs: u32,
    /// Parts whose sums come here.
    pub(super) n_incoming: u32,
    /// Lanes of sums that are finished elsewhere.
    pub(super) sums: Lanes,
    /// Lanes of codes that are finished here.
    pub(super) codes: Lanes,
}

/// The arrays of a copy in one IMA.
#[derive(Debug)]
pub(super) struct SharePlan {
    pub(super) turns: Turns,
    pub(super) replica: ReplicaIdx,
    pub(super) layer: LayerIdx,
    pub(super) part: PartIdx,
    pub(super) ima: ImaIdx,
    pub(super) tile: TileIdx,
    /// Index of its product in the IMA, and of its region in the input register.
    pub(super) mvm: usize,
    pub(super) buffer: BufferIdx,
    /// Inputs of a position.
    pub(super) input: Bytes,
    /// Partial sums of a position in the output register.
    pub(super) sums: Bytes,
    /// The same on the bus, with the sum of inputs if the share has one to tell.
    pub(super) carried: Bytes,
    /// Additions that merge them in the tile: those that are not the first of their output.
    pub(super) merges: u64,
    /// Fills of the output registers in which a position's sums pass.
    pub(super) fills: u32,
    /// Positions that the IMA's output register and the stages before it hold at once, with the one being read.
    pub(super) places: u64,
}

/// A way that the same parcels go, one for each turn: from a part of a copy, or from the outside.
// There are many of them, and every parcel asks for its own more than once.
#[derive(Clone, Copy, Debug)]
#[repr(align(32))]
pub(super) struct LanePlan {
    pub(super) ends: Ends,
    pub(super) way: Way,
    /// Values in a parcel.
    pub(super) values: u32,
    /// Bytes of a parcel.
    pub(super) bytes: u32,
    /// Bytes of these that stay where they go: all but a sum of inputs.
    pub(super) kept: u32,
    /// Ticks that a parcel takes over a link.
    pub(super) flits: u32,
}

/// What parcels bring from where to where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ends {
    /// Codes for a buffer; a turn of the copy is a turn of the lane.
    Codes { from: PartIdx, to: BufferIdx },
    /// Sums that another part of the copy finishes, likewise.
    Sums { from: PartIdx, to: PartIdx },
    /// The network's input, with which the outside fills a buffer pixel by pixel.
    Input { to: BufferIdx },
}

/// What a parcel of codes brings to its buffer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Codes {
    pub(super) image: u64,
    /// The pixels of the buffer's map that they enter.
    pub(super) entered: Entered,
    pub(super) values: u32,
    pub(super) bytes: u32,
}

impl Codes {
    /// What is written of them, as they enter every pixel of theirs.
    pub(super) fn bytes_written(&self) -> Bytes {
        Bytes(u64::from(self.bytes) * self.entered.n_pixels())
    }

    /// What is read of pixels that others have entered before.
    pub(super) fn bytes_resumed(&self) -> Bytes {
        Bytes(u64::from(self.bytes) * self.entered.n_resumed())
    }

    /// Values that are compared with what their pixels hold.
    pub(super) fn values_entered(&self) -> u64 {
        u64::from(self.values) * self.entered.n_pixels()
    }
}

/// How parcels reach their tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// They are there.
    Local,
    /// Over the network of their chip.
    Mesh { links: u16 },
    /// Over the networks of two chips, and the links between these.
    Chips { links: u16 },
}

/// Lanes one behind the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Lanes {
    pub(super) first: u32,
    pub(super) n: u32,
}

impl LanePlan {
    /// Bytes of a parcel.
    pub(super) fn bytes(&self) -> Bytes {
        Bytes(u64::from(self.bytes))
    }

    /// What a parcel of codes of an image brings to its buffer.
    pub(super) fn codes(&self, image: u64, entered: Entered) -> Codes {
        Codes { image, entered, values: self.values, bytes: self.bytes }
    }
}

impl LaneIdx {
    /// The one some places behind.
    pub(super) fn after(self, places: u32) -> Self {
        Self(self.0 + places)
    }
}

impl Lanes {
    /// Each of them.
    pub(super) fn iter(self) -> impl Iterator<Item = LaneIdx> {
        (self.first..self.first + self.n).map(LaneIdx)
    }
}

impl Way {
    /// Routers, links between them and links between chips that it passes.
    pub(super) fn passes(self) -> (u32, u32, u32) {
        match self {
            Self::Local => (0, 0, 0),
            Self::Mesh { links } => (u32::from(links) + 1, u32::from(links), 0),
            Self::Chips { links } => (u32::from(links) + 2, u32::from(links), 1),
        }
    }
}

/// The shift-and-add units of a tile, as far as they add up the codes of a layer: two maps, or the windows of one.
///
/// ```text
///  eDRAM: map, (skip map) ─► bus ─► S+A ─► output register ─► buffers of the layers that read it
/// ```
#[derive(Debug)]
pub(super) struct AdderPlan {
    pub(super) layer: LayerIdx,
    pub(super) replica: ReplicaIdx,
    pub(super) part: PartIdx,
    pub(super) tile: TileIdx,
    /// A buffer for each map.
    pub(super) buffers: Vec<BufferIdx>,
    /// For each position, the codes that are added up in each channel.
    pub(super) terms: Vec<u32>,
    /// Bytes that a position reads for each term of its sums.
    pub(super) bytes_per_term: Bytes,
}

/// What the arrays of a layer on one tile read.
#[derive(Debug)]
pub(super) struct BufferPlan {
    pub(super) layer: LayerIdx,
    /// Which of the layer's maps.
    pub(super) operand: usize,
    pub(super) map: Rc<InputMap>,
    pub(super) tile: TileIdx,
    pub(super) region: RegionId,
    /// Channels that are kept here.
    pub(super) n_channels: u64,
    /// The codes of one pixel.
    pub(super) slot: Bytes,
    pub(super) reserved: Bytes,
    pub(super) shares: Vec<ShareIdx>,
    /// Who reads it if its layer has no weights.
    pub(super) adder: Option<AdderIdx>,
    /// The lane from the outside, if the layer reads the network's input.
    pub(super) outside: Option<LaneIdx>,
}

/// An IMA in use.
#[derive(Debug)]
pub(super) struct ImaPlan {
    pub(super) id: ImaId,
    /// Where its tile is.
    pub(super) place: TileAddress,
    pub(super) shares: Vec<ShareIdx>,
    pub(super) products: Vec<MvmShape>,
}

/// A tile in use.
#[derive(Debug)]
pub(super) struct TilePlan {
    /// Its index, counted chip by chip.
    pub(super) index: u32,
    /// Where it is.
    pub(super) place: TileAddress,
    pub(super) buffers: Vec<BufferIdx>,
    /// Room that its layers cannot do without.
    pub(super) needed: Bytes,
    pub(super) output_register: RegisterUse,
}

/// An output position of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) image: u64,
    pub(super) index: u64,
}

impl Plan {
    /// The map that a buffer holds some channels of.
    pub(super) fn map_of(&self, buffer: BufferIdx) -> &InputMap {
        &self.buffers[buffer.at()].map
    }
}

impl ImaPlan {
    pub(super) fn path(&self) -> String {
        let TileAddress { chip, tile } = self.place;
        format!("Chip[{chip}].Tile[{tile}].Ima[{}]", self.id.ima)
    }
}

impl TilePlan {
    pub(super) fn path(&self) -> String {
        let TileAddress { chip, tile } = self.place;
        format!("Chip[{chip}].Tile[{tile}]")
    }
}

impl PartPlan {
    /// Lanes that a position leaves by; outputs that go nowhere else are written to the tile's own eDRAM.
    pub(super) fn departures(&self) -> u32 {
        let finished = if self.n_outputs > 0 { self.codes.n.max(1) } else { 0 };
        self.sums.n + finished
    }
}

impl Turns {
    /// The position after `turn` others.
    #[inline]
    pub(super) fn position(self, turn: u64) -> Position {
        let (image, of_image) = self.per_image.divide(turn as u32);
        Position { image: u64::from(image), index: u64::from(self.first + of_image * self.stride) }
    }
}

impl Output {
    /// Bytes of some outputs.
    pub(super) fn bytes(self, values: u64) -> Bytes {
        let (Self::Codes { bits } | Self::Logits { bits }) = self;
        bytes_of(values, bits)
    }
}

/// Bytes of some values side by side.
pub(super) fn bytes_of(values: u64, bits: u32) -> Bytes {
    rebias_units::Bits(values * u64::from(bits)).to_bytes()
}
