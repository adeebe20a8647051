//! A lossless chain of converters changes nothing, and one bit less does.

use ndarray::Array2;
use proptest::prelude::*;
use rebias_arch::testing::toy_with;
use rebias_arch::{
    Arch, BiasColumnPlace, BiasColumnsSpec, BiasSharing, BiasSource, FlipEncoding, MappingSpec, Replication,
};
use rebias_converter::AdcRange;
use rebias_crossbar::{OnOff, ReadEnergy};
use rebias_network::testing::{RandomNetwork, random_image, random_network};
use rebias_network::{CodeFormat, Representation, Scales, Sign};
use rebias_tile::{BiasConverter, ImaSpec};

use super::{emulated_sums, exact_sums, linear};

#[derive(Clone, Debug)]
pub(super) struct Hardware {
    word_lines: u32,
    active_word_lines: u32,
    pub(super) bit_lines: u32,
    pub(super) cell_bits: u32,
    dac_bits: u32,
    on_off: OnOff,
    pub(super) range: AdcRange,
    pub(super) adc_bits: u32,
    flip: FlipEncoding,
    replication: Replication,
    pub(super) bias: Bias,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Bias {
    Digital,
    Column { place: BiasColumnPlace, converter: BiasConverter, is_full_level: bool, adc_bits: u32 },
}

impl Hardware {
    pub(super) fn arch(&self) -> Arch {
        self.arch_with(|_, _| {})
    }

    /// The greatest sum of a column in one read, in levels.
    pub(super) fn max_column_sum(&self) -> u64 {
        let max_code = |bits: u32| (1u64 << bits) - 1;
        u64::from(self.active_word_lines) * max_code(self.dac_bits) * max_code(self.cell_bits)
    }

    pub(super) fn arch_with(&self, change: impl FnOnce(&mut ImaSpec, &mut MappingSpec)) -> Arch {
        toy_with(|chip, mapping| {
            chip.n_tiles = 10_000;
            let ima = &mut chip.tile.ima;
            ima.crossbar.word_lines = self.word_lines;
            ima.crossbar.active_word_lines = self.active_word_lines;
            ima.crossbar.bit_lines = self.bit_lines;
            ima.crossbar.cell.bits = self.cell_bits;
            ima.crossbar.cell.device_bits = 8;
            ima.crossbar.cell.on_off = self.on_off;
            ima.crossbar.cell.read_energy = ReadEnergy::DataDependent;
            ima.dac.bits = self.dac_bits;
            ima.adc.bits = self.adc_bits;
            ima.adc.range = self.range;
            mapping.flip_encoding = self.flip;
            mapping.replication = self.replication;
            mapping.bias = match self.bias {
                Bias::Digital => BiasSource::DigitalCount,
                Bias::Column { place, converter, is_full_level, adc_bits } => {
                    let level = if is_full_level { ima.crossbar.cell.max_level() } else { 1 };
                    BiasSource::Columns(BiasColumnsSpec {
                        sharing: BiasSharing::Array,
                        n: 1,
                        level,
                        place,
                        converter,
                        adc_bits,
                        adc_noise: 0.0,
                    })
                }
            };
            change(ima, mapping);
        })
    }
}

pub(super) fn hardware() -> impl Strategy<Value = Hardware> {
    let on_off = prop_oneof![Just(OnOff::Infinite), (2.0f64..200.0).prop_map(OnOff::Ratio)];
    let range = prop_oneof![
        Just(AdcRange::LosslessStep),
        Just(AdcRange::FullScale),
        (-3.0f64..0.19, 0.4f64..1.0).prop_map(|(low, step)| AdcRange::Fixed { low, step }),
    ];
    let flip = prop_oneof![Just(FlipEncoding::Off), Just(FlipEncoding::On)];
    let replication = prop_oneof![Just(Replication::None), Just(Replication::Balanced)];
    let place = prop_oneof![Just(BiasColumnPlace::Extra), Just(BiasColumnPlace::Inside)];
    let converter = prop_oneof![Just(BiasConverter::Own), Just(BiasConverter::Shared)];
    let column = (place, converter, any::<bool>());
    let bias = prop_oneof![
        Just(Bias::Digital),
        column.prop_map(|(place, converter, is_full_level)| Bias::Column {
            place,
            converter,
            is_full_level,
            adc_bits: 24,
        }),
    ];
    let array = (1u32..=40).prop_flat_map(|word_lines| (Just(word_lines), 1..=word_lines, 9u32..=80));
    (array, 1u32..=8, 1u32..=8, on_off, range, flip, replication, bias).prop_map(
        |((word_lines, active_word_lines, bit_lines), cell_bits, dac_bits, on_off, range, flip, replication, bias)| {
            Hardware {
                word_lines,
                active_word_lines,
                bit_lines,
                cell_bits,
                dac_bits,
                on_off,
                range,
                adc_bits: 24,
                flip,
                replication,
                bias,
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Codes of 1 to 8 bits, cells and DACs of 1 to 8 bits, signed and unsigned inputs, strides and padding.
    #[test]
    fn prop_lossless_converters_give_the_integer_networks_sums(hardware in hardware(), seed: u64) {
        let network = random_network(seed, &RandomNetwork::default());
        let image = random_image(seed, &network);
        prop_assert_eq!(emulated_sums(&network, &hardware.arch(), &image), exact_sums(&network, &image));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn prop_pairs_subtracted_digitally_give_the_integer_networks_sums(
        hardware in hardware(),
        seed: u64,
        scales in prop_oneof![Just(Scales::One), Just(Scales::Two)],
    ) {
        let recipe = RandomNetwork { representation: Representation::Pair(scales), ..RandomNetwork::default() };
        let network = random_network(seed, &recipe);
        let image = random_image(seed, &network);
        let arch = Hardware { bit_lines: hardware.bit_lines + 16, ..hardware }.arch();
        prop_assert_eq!(emulated_sums(&network, &arch, &image), exact_sums(&network, &image));
    }
}

/// All cells full and all inputs at their greatest: the one sum that the last code is there for.
#[test]
fn one_adc_bit_less_than_lossless_differs() {
    for flip in [FlipEncoding::Off, FlipEncoding::On] {
        for (cell_bits, dac_bits, rows) in [(1, 1, 16), (2, 1, 32), (2, 2, 9), (3, 4, 21), (8, 8, 3)] {
            let max_code = (1u16 << cell_bits) - 1;
            // A flipped column is read at half its full sum at most; rows half full reach that, and are not flipped.
            let full_rows = if flip == FlipEncoding::On { rows / 2 } else { rows };
            let codes = Array2::from_shape_fn((3, rows), |(_, row)| if row < full_rows { max_code } else { 0 });
            let network = linear(CodeFormat::unsigned(dac_bits), cell_bits, codes, -1);
            let max_input = (1u16 << dac_bits) - 1;
            let image = vec![max_input; rows];
            let top = full_rows as u32 * u32::from(max_code) * u32::from(max_input);
            let lossless_bits = u32::BITS - top.leading_zeros();
            let with_bits = |bits| {
                let arch = toy_with(|chip, mapping| {
                    let ima = &mut chip.tile.ima;
                    ima.crossbar.cell.bits = cell_bits;
                    ima.crossbar.cell.device_bits = cell_bits;
                    ima.dac.bits = dac_bits;
                    ima.adc.bits = bits;
                    mapping.flip_encoding = flip;
                });
                emulated_sums(&network, &arch, &image)
            };
            let exact = exact_sums(&network, &image);
            assert_eq!(with_bits(lossless_bits), exact, "{cell_bits} {dac_bits} {rows}");
            assert_ne!(with_bits(lossless_bits - 1), exact, "{cell_bits} {dac_bits} {rows}");
        }
    }
}

#[test]
fn flipping_saves_a_bit_of_the_adc() {
    let rows = 32;
    let network = linear(CodeFormat::unsigned(1), 2, Array2::from_elem((2, rows), 3), 0);
    let image = vec![1; rows];
    // 32 · 3 = 96 takes 7 bits; complemented the column reads 0.
    let with = |flip, bits| {
        let arch = toy_with(|chip, mapping| {
            chip.tile.ima.adc.bits = bits;
            mapping.flip_encoding = flip;
        });
        emulated_sums(&network, &arch, &image) == exact_sums(&network, &image)
    };
    assert!(with(FlipEncoding::Off, 7) && !with(FlipEncoding::Off, 6));
    assert!(with(FlipEncoding::On, 1));
}

#[test]
fn residual_networks_are_exact() {
    for seed in 0..12 {
        let recipe = RandomNetwork { n_convs: 1..=2, n_residuals: 1..=2, ..RandomNetwork::default() };
        let network = random_network(seed, &recipe);
        let image = random_image(seed, &network);
        let arch = toy_with(|chip, _| {
            chip.n_tiles = 1000;
            chip.tile.ima.adc.bits = 20;
        });
        assert_eq!(emulated_sums(&network, &arch, &image), exact_sums(&network, &image), "{seed}");
    }
}

#[test]
fn sixteen_bit_codes_with_signs_are_exact() {
    let recipe = RandomNetwork {
        input_bits: 16..=16,
        input_signs: vec![Sign::TwosComplement],
        weight_bits: 16..=16,
        activation_bits: 12..=12,
        ..RandomNetwork::default()
    };
    for seed in 0..4 {
        let network = random_network(seed, &recipe);
        let image = random_image(seed, &network);
        let arch = toy_with(|chip, _| chip.n_tiles = 1000);
        assert_eq!(emulated_sums(&network, &arch, &image), exact_sums(&network, &image));
    }
}
