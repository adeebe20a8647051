//! The random numbers of a run: a SplitMix64 stream for each purpose, so that what one part draws moves no other.

/// What random numbers are drawn for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Which training images are held out.
    Split = 1,
    /// The first weights.
    Weights = 2,
    /// Order of the images in float pre-training, and how each is moved.
    Pretrain = 3,
    /// The same in fine-tuning; the float twin sees the same images as the quantised network.
    FineTune = 4,
    /// The chips on which a quantised network is trained, one for each step.
    Chip = 5,
    /// The chips on which it is evaluated while it is trained.
    HeldOutChip = 6,
}

/// A SplitMix64 generator (Steele, Lea, Flood 2014).
#[derive(Clone, Debug)]
pub(crate) struct Stream(u64);

impl Stream {
    /// The stream of `purpose` in a run with `seed`.
    pub(crate) fn new(seed: u64, purpose: Purpose) -> Self {
        let mut stream = Self(seed);
        let start = stream.next() ^ (purpose as u64).wrapping_mul(0xd134_2543_de82_ef95);
        Self(start)
    }

    /// Stream `index` of those that serve `purpose`.
    pub(crate) fn nth(seed: u64, purpose: Purpose, index: u64) -> Self {
        let Self(start) = Self::new(seed, purpose);
        Self(start ^ Self(index).next())
    }

    /// Where it stands.
    pub(crate) fn position(&self) -> u64 {
        self.0
    }

    /// The stream that stands there.
    pub(crate) fn at(position: u64) -> Self {
        Self(position)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform in `0..bound` (Lemire's multiplication; its bias is below 2⁻³² for the bounds used here).
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.next()) * bound as u128) >> 64) as usize
    }

    /// Uniform in [0, 1).
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Standard normal, by Box and Muller.
    pub(crate) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// Puts `items` in random order (Fisher and Yates).
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_differ_by_seed_and_purpose() {
        let first = |seed, purpose| Stream::new(seed, purpose).next();
        let start = first(1, Purpose::Split);
        assert_eq!(start, first(1, Purpose::Split));
        assert_ne!(start, first(2, Purpose::Split));
        assert_ne!(start, first(1, Purpose::Weights));
    }

    #[test]
    fn the_generator_is_splitmix64() {
        // The first outputs for state 0 of the authors' reference code.
        let mut stream = Stream(0);
        assert_eq!([stream.next(), stream.next()], [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4]);
    }

    #[test]
    fn shuffling_keeps_every_item() {
        let mut items: Vec<usize> = (0..100).collect();
        Stream::new(3, Purpose::Split).shuffle(&mut items);
        assert_ne!(items, (0..100).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn normal_numbers_have_mean_0_and_variance_1() {
        let mut stream = Stream::new(9, Purpose::Weights);
        let values: Vec<f64> = (0..20_000).map(|_| stream.normal()).collect();
        let moment = |power| values.iter().map(|value| value.powi(power)).sum::<f64>() / 20_000.0;
        assert!(moment(1).abs() < 0.03 && (moment(2) - 1.0).abs() < 0.04 && (moment(4) - 3.0).abs() < 0.3);
    }
}
