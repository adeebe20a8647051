//! What every part has done up to a tick.

use super::{Recorder, Sim};
use crate::replay::{PartKind, Stall};

/// Ticks that the parts have spent, column by column.
#[derive(Clone, Debug)]
pub(super) struct Ledger(Vec<Column>);

/// Ticks for which the parts of a kind have done one thing, part by part. Arrays are listed copy by copy in each IMA.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) kind: PartKind,
    /// What they were stalled by; `None` where they worked.
    pub(super) stall: Option<Stall>,
    pub(super) ticks: Vec<u64>,
}

impl Ledger {
    /// What has been done since an earlier time.
    pub(super) fn since(&self, earlier: &Self) -> Self {
        let mut spent = self.clone();
        for (column, before) in spent.0.iter_mut().zip(&earlier.0) {
            for (now, before) in column.ticks.iter_mut().zip(&before.ticks) {
                *now -= before;
            }
        }
        spent
    }

    /// What the busiest part has worked. Output registers do not work: other parts move what leaves them.
    pub(super) fn most_busy(&self) -> u64 {
        let works = |column: &&Column| column.stall.is_none() && column.kind != PartKind::Outputs;
        let busy = self.0.iter().filter(works);
        busy.flat_map(|column| &column.ticks).copied().max().unwrap_or(0)
    }

    /// The columns of a kind.
    pub(super) fn of(&self, kind: PartKind) -> impl Iterator<Item = &Column> {
        self.0.iter().filter(move |column| column.kind == kind)
    }
}

impl<R: Recorder> Sim<'_, R> {
    /// What all parts have done so far. Parts with several equal servers work as one that is as fast as all.
    pub(super) fn ledger(&self) -> Ledger {
        let (now, cycle, period) = (self.queue.now(), self.cycle(), self.plan.period.0);
        let busy = |kind, ticks: Vec<u64>| Column { kind, stall: None, ticks };
        let stalled = |kind, stall, ticks: Vec<u64>| Column { kind, stall: Some(stall), ticks };
        let mut columns = Vec::new();

        let read = self.plan.shares.iter();
        let read: Vec<_> =
            read.map(|share| self.imas[share.ima.at()].unit.read_cycles_before(share.mvm, cycle) * period).collect();
        let diaries: Vec<_> = self.shares.iter().map(|share| share.diary.stalled_before(now)).collect();
        for stall in Stall::ALL.into_iter().filter(|&stall| stall != Stall::Room) {
            // A read that did not wait for converters is in the diary too.
            let took = |(diary, &read): (&[u64; Stall::ALL.len()], &u64)| {
                let reads = if stall == Stall::Converters { read } else { 0 };
                diary[stall as usize].saturating_sub(reads)
            };
            columns.push(stalled(PartKind::Crossbars, stall, diaries.iter().zip(&read).map(took).collect()));
        }
        columns.push(busy(PartKind::Crossbars, read));
        let converted =
            self.imas.iter().map(|ima| ima.unit.conversions_before(cycle) * period / ima.unit.conversions_per_cycle());
        columns.push(busy(PartKind::Adcs, converted.collect()));

        let banks = |tile: &super::TileState| tile.edram.busy_before(now).0 / u64::from(tile.edram.n_banks());
        columns.push(busy(PartKind::EdramBanks, self.tiles.iter().map(banks).collect()));
        let digital: Vec<_> = self.tiles.iter().map(|tile| tile.unit.busy_before(now)).collect();
        columns.push(busy(PartKind::Bus, digital.iter().map(|unit| unit.bus.0).collect()));
        columns.push(busy(PartKind::ShiftAdds, digital.iter().map(|unit| unit.shift_add.0).collect()));
        columns.push(busy(PartKind::Activations, digital.iter().map(|unit| unit.activation.0).collect()));
        columns.push(busy(PartKind::MaxPools, digital.iter().map(|unit| unit.max_pool.0).collect()));
        let (left, waited): (Vec<_>, Vec<_>) = self.tiles.iter().map(|tile| tile.outputs.before(now)).unzip();
        columns.push(stalled(PartKind::Outputs, Stall::Room, waited));
        columns.push(busy(PartKind::Outputs, left));

        let links: Vec<_> = self.network.links_before(now).map(|(_, _, done)| done).collect();
        columns.push(stalled(PartKind::Links, Stall::Room, links.iter().map(|done| done.stalled_by_room.0).collect()));
        columns.push(busy(PartKind::Links, links.iter().map(|done| done.busy.0).collect()));
        Ledger(columns)
    }
}
