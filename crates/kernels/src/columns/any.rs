//! Column by column, with tables of half groups: for few images, and for what doesn't fit in words.

use super::Reading;
use crate::memory::{Entry, sum_halves};
use crate::{LANES, Tally, Total};

impl<E: Entry, const N: usize> Reading<'_, E, N> {
    pub(super) fn add_any<T: Total>(
        &self,
        (all_sums, all_totals): (&mut [[T; N]], &mut [[T; LANES]]),
        mut tally: Option<&mut Tally>,
    ) {
        let (job, rows) = (self.plan.job, &self.plan.rows);
        let tables = self.plan.tables.halves(self.panel, self.read);
        if self.index == 0 {
            all_sums.fill([T::ZERO; N]);
        }
        let mut noise = [[0; N]; LANES];
        for ((index, position), totals) in job.positions.iter().enumerate().zip(all_sums.as_chunks_mut::<LANES>().0) {
            for (slice_index, slice) in job.slices.iter().enumerate() {
                let lifts = job.lift(self.index, index, slice_index);
                let drops = job.drop(self.index, index, slice_index);
                if let Some(spread) = &job.stack.spread {
                    self.sample_noise(spread, (index, position.n_lanes), slice_index, &mut noise);
                }
                for (lane, totals) in totals.iter_mut().enumerate().take(position.n_lanes) {
                    let mut sums = [0u32; N];
                    for (weight, plane) in (0..).zip(slice.planes.clone()) {
                        let indices = rows.plane(self.index, (index, lane), plane).as_flattened();
                        for groups in self.segments {
                            let indices = indices[groups.clone()].iter().copied();
                            E::add_wide(&sum_halves(&tables[groups.clone()], indices), weight, &mut sums);
                        }
                    }
                    let lift = lifts.map_or(0, |lifts| i64::from(lifts[lane]));
                    let drop = drops.map_or(0, |drops| i64::from(drops[lane]));
                    let analog =
                        |at: usize| (i64::from(sums[at]) << job.stack.shift()) + lift + i64::from(noise[lane][at]);
                    for at in self.used.clone() {
                        let value = job.transfer.value(analog(at), job.stack.shift(), drop);
                        let is_negated = job.stack.is_negated(self.index, self.panel * N + at);
                        totals[at] = totals[at].plus(T::wrapped(slice.placed(value, is_negated)));
                    }
                    if let Some(tally) = &mut tally {
                        let recorded = tally.taken(self.columns(), position);
                        tally.record(recorded.map(|column| analog(column - self.panel * N)));
                    }
                }
            }
            self.hand_over(index, totals, all_totals);
        }
    }
}
