//! From the books to the result.

use rebias_units::{Bytes, Counts, Cycles};

use super::ledger::Ledger;
use super::{Recorder, Sim};
use crate::replay::plan::{LayerIdx, LayerKind, ShareIdx};
use crate::replay::{BufferReplay, CriticalPart, LayerReplay, PartKind, PartReplay, ReplayResult, Stall, UnitReplay};

/// Kinds of parts, in the order of the pipeline.
const KINDS: [PartKind; 9] = [
    PartKind::Crossbars,
    PartKind::Adcs,
    PartKind::EdramBanks,
    PartKind::Bus,
    PartKind::ShiftAdds,
    PartKind::Activations,
    PartKind::MaxPools,
    PartKind::Outputs,
    PartKind::Links,
];

impl<R: Recorder> Sim<'_, R> {
    pub(in crate::replay) fn summarise(&self) -> ReplayResult {
        let measured = self.stream.pace.measured();
        let ticks = Cycles(measured.cycles.0 * self.plan.period.0);
        let of_network = |layer: &usize| self.plan.layers[*layer].kind != LayerKind::Taken;
        let layers = (0..self.plan.layers.len())
            .filter(of_network)
            .map(|layer| self.layer(LayerIdx::new(layer), &measured.ledger));
        let of_kinds: Vec<_> =
            KINDS.into_iter().map(|kind| (kind, self.units(kind, &measured.ledger, ticks))).collect();
        let parts: Vec<_> = of_kinds.iter().filter_map(|(kind, units)| part(*kind, units, ticks)).collect();
        // What leaves an output register is moved by other parts.
        let moving = parts.iter().filter(|part| part.kind != PartKind::Outputs).map(|part| &part.busiest);
        let busiest = moving.max_by(|one, other| one.busy.total_cmp(&other.busy));
        let critical = busiest.cloned().unwrap_or(CriticalPart { path: "Chip[0]".to_owned(), busy: 0.0 });
        ReplayResult {
            first_latency: self.stream.pace.first_latency(),
            total: self.stream.pace.total(),
            interval: measured.interval,
            steadiness: measured.steadiness,
            layers: layers.collect(),
            parts,
            units: of_kinds.into_iter().flat_map(|(_, units)| units).filter(has_use).collect(),
            buffers: self.buffer_use(),
            measured: ticks,
            critical,
            n_events: self.queue.n_pushed(),
        }
    }

    fn layer(&self, layer: LayerIdx, ledger: &Ledger) -> LayerReplay {
        let (plan, book) = (&self.plan.layers[layer.at()], &self.stream.layers()[layer.at()]);
        debug_assert_eq!(book.sent, book.received, "bytes sent are bytes received");
        let stalled = ledger.of(PartKind::Crossbars).filter_map(|column| {
            let of_layer = self.plan.shares.iter().zip(&column.ticks).filter(|(share, _)| share.layer == layer);
            let ticks: u64 = of_layer.map(|(_, &ticks)| ticks).sum();
            Some((column.stall?, Cycles(ticks))).filter(|_| ticks > 0)
        });
        LayerReplay {
            layer: plan.id,
            counts: self.counts_of(layer),
            sent: book.sent,
            received: book.received,
            start: Cycles(book.start.unwrap_or(0)),
            end: Cycles(book.end.unwrap_or(0)),
            stalled: stalled.collect(),
        }
    }

    /// Everything done in a layer for the first image.
    fn counts_of(&self, layer: LayerIdx) -> Counts {
        let mut counts = self.stream.layers()[layer.at()].counts;
        for (share, plan) in self.shares.iter().zip(&self.plan.shares).filter(|(_, plan)| plan.layer == layer) {
            let of_product = self.imas[plan.ima.at()].unit.counts(plan.mvm);
            counts.merge_times(of_product, u64::from(share.started_first));
        }
        counts
    }

    /// The parts of a kind.
    fn units(&self, kind: PartKind, ledger: &Ledger, ticks: Cycles) -> Vec<UnitReplay> {
        let unit = |path: String, place: usize| {
            let of = |stall| ledger.of(kind).find(|column| column.stall == stall).map(|column| column.ticks[place]);
            let busy = of(None).unwrap_or(0);
            let stalls = Stall::ALL.into_iter().filter_map(|stall| Some((stall, Cycles(of(Some(stall))?))));
            let stalled: Vec<_> = stalls.filter(|&(_, ticks)| ticks > Cycles(0)).collect();
            let not_idle = busy + stalled.iter().map(|(_, ticks)| ticks.0).sum::<u64>();
            debug_assert!(not_idle <= ticks.0, "{path} does one thing at a time: {not_idle} of {}", ticks.0);
            UnitReplay { kind, path, busy: Cycles(busy), stalled, idle: Cycles(ticks.0.saturating_sub(not_idle)) }
        };
        let of_tiles = || self.plan.tiles.iter().map(|tile| tile.path());
        let paths: Vec<(String, usize)> = match kind {
            PartKind::Crossbars => {
                // A product keeps the arrays that take part in it; an IMA is as busy as the busiest of them.
                let busy = ledger.of(kind).find(|column| column.stall.is_none());
                let read = |share: &&ShareIdx| busy.map(|column| column.ticks[share.at()]);
                let busiest = self
                    .plan
                    .imas
                    .iter()
                    .filter_map(|ima| Some((ima.path(), ima.shares.iter().rev().max_by_key(read)?.at())));
                busiest.collect()
            }
            PartKind::Adcs => self.plan.imas.iter().map(|ima| ima.path()).zip(0..).collect(),
            PartKind::EdramBanks
            | PartKind::Bus
            | PartKind::ShiftAdds
            | PartKind::Activations
            | PartKind::MaxPools
            | PartKind::Outputs => of_tiles().zip(0..).collect(),
            PartKind::Links => {
                let links = self.network.links_before(self.queue.now());
                return links
                    .enumerate()
                    .map(|(place, (chip, name, _))| unit(format!("Chip[{chip}].{name}"), place))
                    .collect();
            }
        };
        paths.into_iter().map(|(host, place)| unit(format!("{host}.{}", kind.name()), place)).collect()
    }

    fn buffer_use(&self) -> Vec<BufferReplay> {
        let now = self.queue.now();
        let entry = |path, layer, capacity: u64, held: &rebias_engine::Gauge| BufferReplay {
            path,
            layer,
            capacity: Bytes(capacity),
            peak: Bytes(held.peak()),
            mean: held.area_before(now) as f64 / now.0.max(1) as f64,
        };
        let mut buffers = Vec::new();
        for (plan, tile) in self.plan.tiles.iter().zip(&self.tiles) {
            let path = format!("{}.Edram", plan.path());
            let capacity = tile.edram.capacity().0;
            buffers.push(entry(path.clone(), None, capacity, &tile.held));
            for buffer in &plan.buffers {
                let layer = self.plan.layers[self.plan.buffers[buffer.at()].layer.at()].id;
                buffers.push(entry(path.clone(), Some(layer), capacity, &self.buffers[buffer.at()].held));
            }
        }
        for (plan, ima) in self.plan.imas.iter().zip(&self.imas) {
            let path = format!("{}.InputRegister", plan.path());
            buffers.push(entry(path, None, ima.inputs.capacity().0, ima.inputs.held()));
        }
        buffers
    }
}

/// What the parts of a kind did altogether.
fn part(kind: PartKind, units: &[UnitReplay], ticks: Cycles) -> Option<PartReplay> {
    let share = |worked: u64| worked as f64 / ticks.0.max(1) as f64;
    // Of equally busy parts the first counts.
    let busiest = units.iter().rev().max_by_key(|unit| unit.busy)?;
    let total: u64 = units.iter().map(|unit| unit.busy.0).sum();
    Some(PartReplay {
        kind,
        n_units: units.len() as u32,
        busy: share(total) / units.len() as f64,
        busiest: CriticalPart { path: busiest.path.clone(), busy: share(busiest.busy.0) },
    })
}

/// Whether a part is worth a line: a link that nothing goes over is not.
fn has_use(unit: &UnitReplay) -> bool {
    unit.kind != PartKind::Links || unit.busy > Cycles(0) || !unit.stalled.is_empty()
}
