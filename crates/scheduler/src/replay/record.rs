//! Watching a replay: who works when, and what buffers hold.

use rebias_engine::{Span, Tick};
use rebias_network::LayerId;
use rebias_units::Bytes;

/// A stage of the pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// The outside writes the network's input.
    Fill,
    /// Inputs of a position leave the eDRAM.
    EdramRead,
    /// They go over the bus.
    InputTransfer,
    /// Arrays are read.
    CrossbarRead,
    /// Columns are converted.
    Conversion,
    /// What was converted is added up.
    ShiftAdd,
    /// Sums go over the bus.
    SumTransfer,
    /// Sums are merged on a tile.
    TileShiftAdd,
    /// Sums become codes.
    Activation,
    /// A parcel is at its tile's port into the network, or on the link to the tile that it is for.
    Network,
    /// Codes are compared with running maxima.
    MaxPool,
    /// Codes are written to the eDRAM.
    EdramWrite,
}

impl Stage {
    /// The name in charts and timelines.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fill => "fill",
            Self::EdramRead => "eDRAM read",
            Self::InputTransfer => "bus in",
            Self::CrossbarRead => "read",
            Self::Conversion => "ADC",
            Self::ShiftAdd => "S+A",
            Self::SumTransfer => "bus out",
            Self::TileShiftAdd => "merge",
            Self::Activation => "activation",
            Self::Network => "network",
            Self::MaxPool => "max-pool",
            Self::EdramWrite => "write",
        }
    }
}

/// A piece of work on a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Work {
    /// What is done.
    pub stage: Stage,
    /// Index of the tile, counted chip by chip.
    pub tile: u32,
    /// Index of the IMA in the tile; `None` for the tile's own parts.
    pub ima: Option<u32>,
    /// The layer that it is done for.
    pub layer: LayerId,
    /// The image.
    pub image: u64,
    /// Output position of the layer, all images in a row.
    pub position: u64,
}

/// A buffer of a tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Buffer {
    /// The eDRAM as a whole.
    Edram,
    /// A layer's input in the eDRAM.
    Map(LayerId),
    /// The input register of an IMA, by its index in the tile.
    InputRegister(u32),
}

/// Someone who is told of every piece of work when it is scheduled, and of every change of what a buffer holds.
pub trait Recorder {
    /// A part works from tick to tick of the digital clock. Spans come in the order in which they are scheduled, which
    /// is not that of their starts.
    fn work(&mut self, work: Work, span: Span);

    /// A buffer of a tile, counted chip by chip, holds so much from a tick on.
    fn held(&mut self, tile: u32, buffer: Buffer, tick: Tick, bytes: Bytes);

    /// Whether anything is done with what is told: if not, it need not be found out.
    fn listens(&self) -> bool {
        true
    }
}

impl<R: Recorder + ?Sized> Recorder for &mut R {
    fn work(&mut self, work: Work, span: Span) {
        (**self).work(work, span);
    }

    fn held(&mut self, tile: u32, buffer: Buffer, tick: Tick, bytes: Bytes) {
        (**self).held(tile, buffer, tick, bytes);
    }

    fn listens(&self) -> bool {
        (**self).listens()
    }
}

/// Nobody watches.
pub(super) struct Unwatched;

impl Recorder for Unwatched {
    fn work(&mut self, _work: Work, _span: Span) {}

    fn held(&mut self, _tile: u32, _buffer: Buffer, _tick: Tick, _bytes: Bytes) {}

    fn listens(&self) -> bool {
        false
    }
}
