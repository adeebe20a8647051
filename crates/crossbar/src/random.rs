//! Counter-based random numbers: a draw depends on what it is for, never on what was drawn before.
//!
//! # Source
//! Philox4×32-10 of J. K. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011.

/// What is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Variation = 1,
    Fault = 2,
    Drift = 3,
    Read = 4,
    Conversion = 5,
    Calibration = 6,
    CalibratingConversion = 7,
}

/// One draw of everything that is fixed when a chip is made and programmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ChipSeed {
    /// Seed of everything random.
    pub seed: u64,
    /// Which chip of that seed.
    pub chip: u32,
}

/// The random numbers of one array's cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArrayDraws {
    chip: ChipSeed,
    layer: u32,
    array: u32,
}

/// Random bits of one cell.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Draw([u32; 4]);

impl ArrayDraws {
    /// Those of array `array` of layer `layer`.
    pub fn new(chip: ChipSeed, layer: u32, array: u32) -> Self {
        Self { chip, layer, array }
    }

    /// A number that stands for the array, for generators with counters of their own.
    pub fn stream(&self) -> u64 {
        mixed(
            mixed(mixed(self.chip.seed) ^ u64::from(self.chip.chip))
                ^ (u64::from(self.layer) << 32 | u64::from(self.array)),
        )
    }

    /// A standard normal number for the noise of a bit line in a read.
    pub fn read_noise(&self, read: u32, bit_line: u32) -> f64 {
        self.cell(Purpose::Read, (read, bit_line)).gaussian()
    }

    /// A standard normal number for the noise of a bit line's converter in a read.
    pub fn conversion_noise(&self, read: u32, bit_line: u32) -> f64 {
        self.cell(Purpose::Conversion, (read, bit_line)).gaussian()
    }

    /// A standard normal number for the noise of a bit line in a read that calibrates its bias.
    pub fn calibration_noise(&self, read: u32, bit_line: u32) -> f64 {
        self.cell(Purpose::Calibration, (read, bit_line)).gaussian()
    }

    /// A standard normal number for the noise of a bit line's converter in such a read.
    pub fn calibrating_conversion_noise(&self, read: u32, bit_line: u32) -> f64 {
        self.cell(Purpose::CalibratingConversion, (read, bit_line)).gaussian()
    }

    /// The draw of a cell, or of a read and a bit line.
    pub(crate) fn cell(&self, purpose: Purpose, (word_line, bit_line): (u32, u32)) -> Draw {
        let key = mixed(mixed(self.chip.seed) ^ (u64::from(self.chip.chip) << 8 | purpose as u64));
        let counter = [word_line, bit_line, self.array, self.layer];
        Draw(philox(counter, [key as u32, (key >> 32) as u32]))
    }
}

impl Draw {
    /// Uniform in [0, 1).
    pub(crate) fn uniform(self) -> f64 {
        fraction(self.0[0], self.0[1])
    }

    /// Standard normal, by Box and Muller.
    pub(crate) fn gaussian(self) -> f64 {
        // 1 − u is above 0.
        let radius = (-2.0 * libm::log(1.0 - fraction(self.0[0], self.0[1]))).sqrt();
        radius * libm::cos(std::f64::consts::TAU * fraction(self.0[2], self.0[3]))
    }
}

/// 53 bits as a number in [0, 1).
fn fraction(low: u32, high: u32) -> f64 {
    const UNIT: f64 = 1.0 / (1u64 << 53) as f64;
    ((u64::from(high) << 32 | u64::from(low)) >> 11) as f64 * UNIT
}

/// A bijection of 64 bits in which every bit of the input changes half the output: the finaliser of SplitMix64.
fn mixed(bits: u64) -> u64 {
    let bits = bits.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let bits = (bits ^ bits >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let bits = (bits ^ bits >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ bits >> 31
}

fn philox(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    for _ in 0..10 {
        let [a, b, c, d] = counter;
        let (low, high) = (u64::from(a) * 0xD251_1F53, u64::from(c) * 0xCD9E_8D57);
        counter = [(high >> 32) as u32 ^ b ^ key[0], high as u32, (low >> 32) as u32 ^ d ^ key[1], low as u32];
        key = [key[0].wrapping_add(0x9E37_79B9), key[1].wrapping_add(0xBB67_AE85)];
    }
    counter
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn philox_gives_its_published_vectors() {
        // `kat_vectors` of the authors' library Random123.
        assert_eq!(philox([0; 4], [0; 2]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        assert_eq!(philox([u32::MAX; 4], [u32::MAX; 2]), [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]);
        let (counter, key) = ([0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], [0xa409_3822, 0x299f_31d0]);
        assert_eq!(philox(counter, key), [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]);
    }

    #[test]
    fn gaussian_draws_have_the_moments_of_a_standard_normal() {
        const N: u32 = 100_000;
        let draws = ArrayDraws::new(ChipSeed { seed: 1, chip: 2 }, 3, 4);
        let draws: Vec<f64> = (0..N).map(|line| draws.cell(Purpose::Variation, (line, 7)).gaussian()).collect();
        let moment = |power| draws.iter().map(|draw| draw.powi(power)).sum::<f64>() / f64::from(N);
        // Four deviations of each sample moment: √(1/n), √(2/n), √(15/n), √(96/n).
        let bound = |variance: f64| 4.0 * (variance / f64::from(N)).sqrt();
        for (power, expected, variance) in [(1, 0.0, 1.0), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 3.0, 96.0)] {
            let found = moment(power);
            assert!((found - expected).abs() < bound(variance), "moment {power}: {found}");
        }
    }

    #[test]
    fn every_part_of_the_key_changes_the_draw() {
        let draw = |seed, chip, layer, array, purpose, cell| {
            let draws = ArrayDraws::new(ChipSeed { seed, chip }, layer, array);
            draws.cell(purpose, cell).0
        };
        let base = draw(1, 1, 1, 1, Purpose::Drift, (1, 1));
        assert_eq!(base, draw(1, 1, 1, 1, Purpose::Drift, (1, 1)));
        for other in [
            draw(2, 1, 1, 1, Purpose::Drift, (1, 1)),
            draw(1, 2, 1, 1, Purpose::Drift, (1, 1)),
            draw(1, 1, 2, 1, Purpose::Drift, (1, 1)),
            draw(1, 1, 1, 2, Purpose::Drift, (1, 1)),
            draw(1, 1, 1, 1, Purpose::Fault, (1, 1)),
            draw(1, 1, 1, 1, Purpose::Drift, (2, 1)),
            draw(1, 1, 1, 1, Purpose::Drift, (1, 2)),
        ] {
            assert_ne!(base, other);
        }
    }
}
