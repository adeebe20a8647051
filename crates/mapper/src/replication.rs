//! How many copies each layer has.

use rebias_arch::Replication;

/// What the number of a layer's copies follows from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Demand {
    /// Output positions of one image; at least 1.
    pub(crate) n_positions: u64,
    /// Reads that each array makes for a position; at least 1.
    pub(crate) reads_per_position: u64,
    /// Arrays of one copy; at least 1.
    pub(crate) arrays_per_copy: u64,
}

impl Demand {
    /// IMAs of some copies; no IMA is shared with another layer.
    fn imas(self, copies: u64, crossbars_per_ima: u32) -> u64 {
        self.crossbars(copies).div_ceil(u64::from(crossbars_per_ima))
    }

    fn crossbars(self, copies: u64) -> u64 {
        copies.saturating_mul(self.arrays_per_copy)
    }

    /// Reads of the busiest of some copies for an image.
    fn reads(self, copies: u64) -> u64 {
        self.reads_per_position.saturating_mul(self.n_positions.div_ceil(copies))
    }

    /// The fewest copies of which the busiest computes fewer positions than that of some; `None` if it computes one.
    fn faster_than(self, copies: u64) -> Option<u64> {
        let fewer = self.n_positions.div_ceil(copies).checked_sub(1).filter(|&fewer| fewer > 0)?;
        Some(self.n_positions.div_ceil(fewer))
    }
}

/// What there is to place layers on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Supply {
    /// Crossbars in an IMA.
    pub(crate) crossbars_per_ima: u32,
    /// IMAs of all chips.
    pub(crate) imas: u64,
}

impl Supply {
    /// IMAs that take some copies of each layer.
    pub(crate) fn needed(&self, demands: &[Demand], copies: &[u64]) -> u64 {
        let imas = demands.iter().zip(copies).map(|(demand, &copies)| demand.imas(copies, self.crossbars_per_ima));
        imas.fold(0, u64::saturating_add)
    }

    /// Whether some copies of each layer fit.
    pub(crate) fn fits(&self, demands: &[Demand], copies: &[u64]) -> bool {
        self.needed(demands, copies) <= self.imas
    }
}

/// Arrays that take some copies of each layer.
pub(crate) fn crossbars(demands: &[Demand], copies: &[u64]) -> u64 {
    demands.iter().zip(copies).map(|(demand, &copies)| demand.crossbars(copies)).fold(0, u64::saturating_add)
}

/// Copies of each layer, if one of each fits the supply and the target.
pub(crate) fn copies(replication: Replication, demands: &[Demand], supply: Supply) -> Vec<u64> {
    match replication {
        Replication::None => vec![1; demands.len()],
        Replication::Balanced => scaled_to_fit(balanced(demands), demands, supply),
        Replication::Target { crossbars: target } => {
            let affordable = |copies: &[u64]| crossbars(demands, copies) <= target && supply.fits(demands, copies);
            greedy(demands, affordable)
        }
    }
}

/// Copies for the layer with the most reads of a copy, the first of several, as long as that shortens it and is
/// affordable; then for the others alike. No affordable copies give the layer with the most reads of all fewer: whoever
/// would do so has at least the copies that each layer gets until then.
fn greedy(demands: &[Demand], affordable: impl Fn(&[u64]) -> bool) -> Vec<u64> {
    let mut copies = vec![1; demands.len()];
    let mut open: Vec<usize> = (0..demands.len()).rev().collect();
    // `max_by_key` gives the last of equals, so the layers are listed backwards.
    while let Some((place, &layer)) =
        open.iter().enumerate().max_by_key(|&(_, &layer)| demands[layer].reads(copies[layer]))
    {
        let before = copies[layer];
        let faster = demands[layer].faster_than(before);
        copies[layer] = faster.unwrap_or(before);
        if faster.is_none() || !affordable(&copies) {
            copies[layer] = before;
            open.remove(place);
        }
    }
    copies
}

/// ISAAC's rule: from the last layer with one copy forward, as many as meet the next layer's rate; never more than
/// there are positions to share among them.
fn balanced(demands: &[Demand]) -> Vec<u64> {
    let mut copies = vec![1; demands.len()];
    for layer in (1..demands.len()).rev() {
        let (earlier, later) = (demands[layer - 1].n_positions, demands[layer].n_positions);
        let wanted = (u128::from(copies[layer]) * u128::from(earlier)).div_ceil(u128::from(later));
        copies[layer - 1] = u64::try_from(wanted).unwrap_or(u64::MAX).min(earlier);
    }
    copies
}

/// The wanted copies times the largest n/max that fits, max being the largest of them, each rounded up; with n = 1
/// that is one copy of each layer. Rounding up keeps the later layers no slower than the earlier ones.
fn scaled_to_fit(wanted: Vec<u64>, demands: &[Demand], supply: Supply) -> Vec<u64> {
    let max = wanted.iter().copied().max().unwrap_or(1);
    let scaled = |n: u64| -> Vec<u64> {
        let share = |&copies: &u64| (u128::from(copies) * u128::from(n)).div_ceil(u128::from(max)) as u64;
        wanted.iter().map(share).collect()
    };
    // More copies never take fewer IMAs, so a binary search finds the largest n.
    let (mut fits, mut low_beyond) = (1, max + 1);
    while low_beyond - fits > 1 {
        let n = fits + (low_beyond - fits) / 2;
        if supply.fits(demands, &scaled(n)) {
            fits = n;
        } else {
            low_beyond = n;
        }
    }
    scaled(fits)
}

#[cfg(test)]
mod tests;
