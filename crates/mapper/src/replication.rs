//! How many copies each layer has.

use rebias_arch::Replication;

/// What the number of a layer's copies follows from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Demand {
    /// Output positions of one image; at least 1.
    pub(crate) n_positions: u64,
    /// Arrays of one copy; at least 1.
    pub(crate) arrays_per_copy: u64,
}

impl Demand {
    /// IMAs of some copies; no IMA is shared with another layer.
    fn imas(self, copies: u64, crossbars_per_ima: u32) -> u64 {
        copies.saturating_mul(self.arrays_per_copy).div_ceil(u64::from(crossbars_per_ima))
    }
}

/// What there is to place layers on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Supply {
    /// Crossbars in an IMA.
    pub(crate) crossbars_per_ima: u32,
    /// IMAs of the chip.
    pub(crate) imas: u64,
}

impl Supply {
    /// IMAs that take some copies of each layer.
    pub(crate) fn needed(&self, demands: &[Demand], copies: &[u64]) -> u64 {
        let imas = demands.iter().zip(copies).map(|(demand, &copies)| demand.imas(copies, self.crossbars_per_ima));
        imas.fold(0, u64::saturating_add)
    }

    fn fits(&self, demands: &[Demand], copies: &[u64]) -> bool {
        self.needed(demands, copies) <= self.imas
    }
}

/// Copies of each layer; `None` if not even one of each fits.
pub(crate) fn copies(replication: Replication, demands: &[Demand], supply: Supply) -> Option<Vec<u64>> {
    let copies = match replication {
        Replication::None => vec![1; demands.len()],
        Replication::Balanced => scaled_to_fit(balanced(demands), demands, supply),
    };
    supply.fits(demands, &copies).then_some(copies)
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
mod tests {
    use super::*;

    fn demands(of: &[(u64, u64)]) -> Vec<Demand> {
        of.iter().map(|&(n_positions, arrays_per_copy)| Demand { n_positions, arrays_per_copy }).collect()
    }

    #[test]
    fn an_earlier_layer_has_as_many_copies_as_positions_for_one_of_the_next() {
        assert_eq!(balanced(&demands(&[(784, 1), (196, 1), (49, 1), (49, 1)])), [16, 4, 1, 1]);
    }

    #[test]
    fn copies_are_rounded_up_and_end_at_the_positions() {
        assert_eq!(balanced(&demands(&[(25, 1), (9, 1), (4, 1)])), [9, 3, 1]);
        assert_eq!(balanced(&demands(&[(25, 1), (9, 1), (1, 1)])), [25, 9, 1]);
        assert_eq!(balanced(&demands(&[(1, 1), (9, 1), (1, 1)])), [1, 9, 1]);
    }

    #[test]
    fn copies_fill_the_chip_and_no_more() {
        let demands = demands(&[(784, 1), (196, 2), (49, 4)]);
        // 16 + 4·2 + 1·4 arrays, one for each IMA.
        let of = |imas| copies(Replication::Balanced, &demands, Supply { crossbars_per_ima: 1, imas });
        assert_eq!(of(28), Some(vec![16, 4, 1]));
        assert_eq!(of(27), Some(vec![15, 4, 1]));
        assert_eq!(of(21), Some(vec![11, 3, 1]));
        assert_eq!(of(7), Some(vec![1, 1, 1]));
        assert_eq!(of(6), None);
    }

    #[test]
    fn layers_do_not_share_an_ima() {
        let demands = demands(&[(1, 1), (1, 5)]);
        let of = |imas| copies(Replication::None, &demands, Supply { crossbars_per_ima: 4, imas });
        assert_eq!(of(3), Some(vec![1, 1]));
        assert_eq!(of(2), None);
    }
}
