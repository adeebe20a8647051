//! A replay that is written down: its timeline, and what buffers hold.

use std::path::Path;

use rebias_arch::Arch;
use rebias_engine::{Span, Tick};
use rebias_network::Network;
use rebias_report::{Occupancy, Timeline};
use rebias_scheduler::{Buffer, Recorder, Work};
use rebias_sweep::write_file;
use rebias_units::Bytes;

use crate::args::Simulate;
use crate::failure::Failure;

/// What is collected, and the file that it goes to.
pub(super) struct Watched<'a> {
    timeline: Option<(Timeline, &'a Path)>,
    occupancy: Option<(Occupancy, &'a Path)>,
}

impl<'a> Watched<'a> {
    /// `None` if nothing is asked for: an unwatched replay is faster.
    pub(super) fn new(args: &'a Simulate, arch: &Arch) -> Option<Self> {
        let timeline = args.timeline.as_deref().map(|file| (Timeline::new(), file));
        let occupancy = args.occupancy.as_deref();
        let occupancy = occupancy.map(|file| (Occupancy::new(arch.chip().ticks_per_cycle), file));
        (timeline.is_some() || occupancy.is_some()).then_some(Self { timeline, occupancy })
    }

    pub(super) fn write(&self, arch: &Arch, network: &Network) -> Result<(), Failure> {
        if let Some((timeline, file)) = &self.timeline {
            let mut bytes = Vec::new();
            timeline.write(network, arch, &mut bytes).map_err(|error| Failure::Run(error.to_string()))?;
            write_file(file, bytes)?;
        }
        if let Some((occupancy, file)) = &self.occupancy {
            let mut bytes = Vec::new();
            occupancy.write(network, &mut bytes).map_err(|error| Failure::Run(error.to_string()))?;
            write_file(file, bytes)?;
        }
        Ok(())
    }
}

impl Recorder for Watched<'_> {
    fn work(&mut self, work: Work, span: Span) {
        if let Some((timeline, _)) = &mut self.timeline {
            timeline.work(work, span);
        }
    }

    fn held(&mut self, tile: u32, buffer: Buffer, tick: Tick, bytes: Bytes) {
        if let Some((occupancy, _)) = &mut self.occupancy {
            occupancy.held(tile, buffer, tick, bytes);
        }
    }
}
