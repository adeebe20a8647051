//! What a replay gives.

use rebias_network::LayerId;
use rebias_units::{Bytes, Counts, Cycles};

/// How fast a placed network runs on a chip, and what its parts do meanwhile.
#[derive(Clone, Debug, PartialEq)]
pub struct ReplayResult {
    /// From the start to the last output of an image that is alone on the chip, in chip cycles.
    pub first_latency: Cycles,
    /// From the start to the last output of all images replayed, in chip cycles.
    pub total: Cycles,
    /// From an image's last output to the next one's, in chip cycles.
    pub interval: Cycles,
    /// How the interval was found.
    pub steadiness: Steadiness,
    /// The weighted layers, in the network's order.
    pub layers: Vec<LayerReplay>,
    /// Each kind of part.
    pub parts: Vec<PartReplay>,
    /// Each part of the allocated tiles, and each link that moved something.
    pub units: Vec<UnitReplay>,
    /// The buffers of the allocated tiles, and what they held.
    pub buffers: Vec<BufferReplay>,
    /// Ticks of the digital clock from which the interval, `parts` and `units` are taken: those of the last images.
    pub measured: Cycles,
    /// The part that is busiest in the last interval.
    pub critical: CriticalPart,
    /// Events that the replay took.
    pub n_events: u64,
}

/// How the steady interval was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Steadiness {
    /// The stream repeats itself: intervals do, and every IMA, copy and buffer is as far ahead of the complete images as
    /// it was a period before.
    Steady {
        /// Images replayed.
        images: u32,
    },
    /// It does not; the interval is the mean of the later half, of the last six at most, rounded up.
    Unsteady {
        /// Images replayed.
        images: u32,
    },
}

/// What happened in a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerReplay {
    /// The layer.
    pub layer: LayerId,
    /// Everything done for the first image. Pooling and writing belong to the layer that made the codes, writing the
    /// network's input to the layer that reads it.
    pub counts: Counts,
    /// Bytes that the layer sent to buffers and to other tiles for the first image.
    pub sent: Bytes,
    /// Bytes of these that arrived.
    pub received: Bytes,
    /// The cycle in which the first image's first input is read.
    pub start: Cycles,
    /// The cycle after which the first image's last output has left.
    pub end: Cycles,
    /// What the layer's IMAs waited for in the measured images: ticks, summed over all of them.
    pub stalled: Vec<(Stall, Cycles)>,
}

/// What a part waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stall {
    /// The window of the next position is not complete.
    Input,
    /// The input register has no room.
    InputRegister,
    /// The inputs are on their way: eDRAM banks or the bus.
    Transfer,
    /// The sample-and-holds are not free until the ADCs have converted what they hold.
    Converters,
    /// The sums before cannot leave: output registers, bus, network, or whoever takes the outputs.
    Output,
    /// There is no room at the destination: in a buffer, or in the queue behind a link.
    Room,
}

impl Stall {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Input, Self::InputRegister, Self::Transfer, Self::Converters, Self::Output, Self::Room];

    /// The name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::InputRegister => "input register",
            Self::Transfer => "transfer",
            Self::Converters => "converters",
            Self::Output => "output",
            Self::Room => "room",
        }
    }
}

/// What a part did in the measured images, in ticks of the digital clock; together these are
/// [`ReplayResult::measured`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitReplay {
    /// Its kind.
    pub kind: PartKind,
    /// Its path, such as `Chip[0].Tile[3].Ima[5].Adcs`.
    pub path: String,
    /// Ticks in which it worked. Equal servers count as one that is as fast as all; the arrays of an IMA are as busy as
    /// the busiest of its copies.
    pub busy: Cycles,
    /// Ticks in which it had something to do and could not, by reason; only such as occurred.
    pub stalled: Vec<(Stall, Cycles)>,
    /// The rest.
    pub idle: Cycles,
}

/// What a buffer held.
#[derive(Clone, Debug, PartialEq)]
pub struct BufferReplay {
    /// Its path: `Chip[0].Tile[3].Edram`, or `Chip[0].Tile[3].Ima[5].InputRegister`.
    pub path: String,
    /// The layer whose input it is; `None` for the whole buffer.
    pub layer: Option<LayerId>,
    /// What it can hold.
    pub capacity: Bytes,
    /// The most that it held.
    pub peak: Bytes,
    /// What it held in the mean over all of the replay, in bytes.
    pub mean: f64,
}

/// A kind of part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PartKind {
    /// The arrays of an IMA.
    Crossbars,
    /// The shared ADCs of an IMA, with the adders behind them.
    Adcs,
    /// The banks of a tile's eDRAM buffer.
    EdramBanks,
    /// A tile's bus.
    Bus,
    /// A tile's shift-and-add units.
    ShiftAdds,
    /// A tile's activation units.
    Activations,
    /// A tile's max-pool units.
    MaxPools,
    /// A tile's output register: busy while finished outputs leave it, stalled while some wait for room.
    Outputs,
    /// The links of the network: between routers, between these and tiles, and between chips.
    Links,
}

impl PartKind {
    /// The name in paths and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Crossbars => "Crossbars",
            Self::Adcs => "Adcs",
            Self::EdramBanks => "EdramBanks",
            Self::Bus => "Bus",
            Self::ShiftAdds => "ShiftAdds",
            Self::Activations => "Activations",
            Self::MaxPools => "MaxPools",
            Self::Outputs => "Outputs",
            Self::Links => "Links",
        }
    }
}

/// How busy the parts of one kind are in the last interval.
#[derive(Clone, Debug, PartialEq)]
pub struct PartReplay {
    /// The kind.
    pub kind: PartKind,
    /// How many are in allocated tiles and IMAs.
    pub n_units: u32,
    /// Mean share of the interval in which they work, 0 … 1.
    pub busy: f64,
    /// The busiest of them.
    pub busiest: CriticalPart,
}

/// A part and how busy it is.
#[derive(Clone, Debug, PartialEq)]
pub struct CriticalPart {
    /// Its path, such as `Chip[0].Tile[3].Ima[5].Adcs`.
    pub path: String,
    /// Share of the last interval in which it works, 0 … 1.
    pub busy: f64,
}

impl ReplayResult {
    /// Everything done for one image.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::ZERO;
        for layer in &self.layers {
            counts.merge(&layer.counts);
        }
        counts
    }
}
