//! Watching a replay: who works when.

use rebias_engine::Span;
use rebias_network::LayerId;

/// A stage of the pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// The outside writes the network's input.
    Fill,
    EdramRead,
    InputTransfer,
    CrossbarRead,
    Conversion,
    ShiftAdd,
    SumTransfer,
    TileShiftAdd,
    Activation,
    Network,
    MaxPool,
    EdramWrite,
}

/// A piece of work on a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Work {
    pub(super) stage: Stage,
    /// Index of the tile on the chip.
    pub(super) tile: u32,
    /// Index of the IMA in the tile; `None` for the tile's own parts.
    pub(super) ima: Option<u32>,
    pub(super) layer: LayerId,
    /// Output position of the layer, all images in a row.
    pub(super) position: u64,
}

/// Someone who is told of every piece of work when it is scheduled.
pub(super) trait Recorder {
    fn record(&mut self, work: Work, span: Span);
}

impl<R: Recorder> Recorder for &mut R {
    fn record(&mut self, work: Work, span: Span) {
        (**self).record(work, span);
    }
}

/// Nobody watches.
pub(super) struct Unwatched;

impl Recorder for Unwatched {
    fn record(&mut self, _work: Work, _span: Span) {}
}
