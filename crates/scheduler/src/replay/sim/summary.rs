//! From the books to the result.

use rebias_units::Cycles;

use super::pace::Measured;
use super::{Recorder, Sim};
use crate::replay::plan::ShareIdx;
use crate::replay::{CriticalPart, LayerReplay, PartKind, PartReplay, ReplayResult};

/// Ticks that each part has worked, kind by kind; of a kind, part by part.
#[derive(Clone, Debug, Default)]
pub(super) struct Busy(Vec<(PartKind, Vec<u64>)>);

impl Busy {
    /// What has been worked since an earlier time.
    pub(super) fn since(&self, earlier: &Self) -> Self {
        let mut worked = self.clone();
        for ((_, now), (_, before)) in worked.0.iter_mut().zip(&earlier.0) {
            for (now, before) in now.iter_mut().zip(before) {
                *now -= before;
            }
        }
        worked
    }

    /// What the busiest part has worked.
    pub(super) fn most(&self) -> u64 {
        self.0.iter().flat_map(|(_, ticks)| ticks).copied().max().unwrap_or(0)
    }
}

impl<R: Recorder> Sim<'_, R> {
    /// What all parts have worked so far. Parts with several equal servers work as one that is as fast as all.
    pub(super) fn busy(&self) -> Busy {
        let (now, cycle, period) = (self.queue.now(), self.cycle(), self.plan.period.0);
        let of_imas = |ticks: &dyn Fn(usize) -> u64| (0..self.imas.len()).map(ticks).collect::<Vec<_>>();
        let of_tiles = |ticks: &dyn Fn(usize) -> Cycles| (0..self.tiles.len()).map(|tile| ticks(tile).0).collect();
        let tile = |tile: usize| self.tiles[tile].unit.busy_before(now);
        let read = |share: &ShareIdx| {
            let share = &self.plan.shares[share.at()];
            self.imas[share.ima.at()].unit.read_cycles_before(share.mvm, cycle) * period
        };
        Busy(vec![
            // A product keeps the arrays that take part in it; an IMA is as busy as the busiest of them.
            (PartKind::Crossbars, of_imas(&|ima| self.plan.imas[ima].shares.iter().map(read).max().unwrap_or(0))),
            (
                PartKind::Adcs,
                of_imas(&|ima| {
                    let unit = &self.imas[ima].unit;
                    unit.conversions_before(cycle) * period / unit.conversions_per_cycle()
                }),
            ),
            (
                PartKind::EdramBanks,
                of_tiles(&|tile| {
                    let edram = &self.tiles[tile].edram;
                    Cycles(edram.busy_before(now).0 / u64::from(edram.n_banks()))
                }),
            ),
            (PartKind::Bus, of_tiles(&|index| tile(index).bus)),
            (PartKind::ShiftAdds, of_tiles(&|index| tile(index).shift_add)),
            (PartKind::Activations, of_tiles(&|index| tile(index).activation)),
            (PartKind::MaxPools, of_tiles(&|index| tile(index).max_pool)),
            (PartKind::Links, self.mesh.links_before(now).map(|(_, done)| done.busy.0).collect()),
        ])
    }

    pub(super) fn summarise(&self) -> ReplayResult {
        let layers = self.plan.layers.iter().zip(self.stream.layers()).map(|(plan, book)| {
            debug_assert_eq!(book.sent, book.received, "bytes sent are bytes received");
            LayerReplay {
                layer: plan.id,
                counts: book.counts,
                sent: book.sent,
                received: book.received,
                start: Cycles(book.start.unwrap_or(0)),
                end: Cycles(book.end.unwrap_or(0)),
                waits: book.waits,
            }
        });
        let measured = self.stream.pace.measured();
        let parts = self.parts_in(&measured);
        let busiest = parts.iter().map(|part| &part.busiest).max_by(|one, other| one.busy.total_cmp(&other.busy));
        let critical = busiest.cloned().unwrap_or(CriticalPart { path: "Chip[0]".to_owned(), busy: 0.0 });
        ReplayResult {
            first_latency: self.stream.pace.first_latency(),
            interval: measured.interval,
            steadiness: measured.steadiness,
            layers: layers.collect(),
            parts,
            critical,
            n_events: self.queue.n_pushed(),
        }
    }

    fn parts_in(&self, measured: &Measured) -> Vec<PartReplay> {
        let ticks = (measured.cycles.0 * self.plan.period.0).max(1) as f64;
        let of_kind = |(kind, ticks_of): &(PartKind, Vec<u64>)| {
            let kind = *kind;
            // Of equally busy parts the first counts.
            let (index, &most) = ticks_of.iter().enumerate().rev().max_by_key(|&(_, worked)| worked)?;
            let total: u64 = ticks_of.iter().sum();
            Some(PartReplay {
                kind,
                n_units: ticks_of.len() as u32,
                busy: total as f64 / (ticks * ticks_of.len() as f64),
                busiest: CriticalPart { path: self.path(kind, index), busy: most as f64 / ticks },
            })
        };
        measured.busy.0.iter().filter_map(of_kind).collect()
    }

    fn path(&self, kind: PartKind, index: usize) -> String {
        let link = || self.mesh.links_before(self.queue.now()).nth(index);
        let host = match kind {
            PartKind::Crossbars | PartKind::Adcs => self.plan.imas[index].path(),
            PartKind::EdramBanks | PartKind::Bus | PartKind::ShiftAdds | PartKind::Activations | PartKind::MaxPools => {
                self.plan.tiles[index].path()
            }
            PartKind::Links => return link().map_or("Chip[0]".to_owned(), |(name, _)| format!("Chip[0].{name}")),
        };
        format!("{host}.{}", kind.name())
    }
}
