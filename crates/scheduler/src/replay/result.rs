//! What a replay gives.

use rebias_network::LayerId;
use rebias_units::{Bytes, Counts, Cycles};

/// How fast a placed network runs on a chip, and what its parts do meanwhile.
#[derive(Clone, Debug, PartialEq)]
pub struct ReplayResult {
    /// From the start to the first image's last output, in chip cycles.
    pub first_latency: Cycles,
    /// From an image's last output to the next one's, in chip cycles.
    pub interval: Cycles,
    /// How the interval was found.
    pub steadiness: Steadiness,
    /// The weighted layers, in the network's order.
    pub layers: Vec<LayerReplay>,
    /// Each kind of part.
    pub parts: Vec<PartReplay>,
    /// The part that is busiest in the last interval.
    pub critical: CriticalPart,
    /// Events that the replay took.
    pub n_events: u64,
}

/// How the steady interval was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Steadiness {
    /// The last two intervals agree, and in the last every IMA began as many positions as an image has for it.
    Steady {
        /// Images replayed.
        images: u32,
    },
    /// They do not; the interval is the mean of the later half, rounded up.
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
    /// What the layer waited for, in all images.
    pub waits: Waits,
}

/// Ticks of waiting, summed over all who waited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waits {
    /// IMAs waited for the last code of a window.
    pub input: Cycles,
    /// IMAs waited for room in their input register.
    pub input_register: Cycles,
    /// Finished outputs waited for room in a buffer.
    pub buffer: Cycles,
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
    /// The links of the network: between routers, and between these and tiles.
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
