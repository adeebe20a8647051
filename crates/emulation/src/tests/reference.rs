//! The definitions once more, cell by cell and in no hurry, against the emulator: with converters that lose something.

use proptest::prelude::*;
use rebias_arch::{Arch, BiasColumnsSpec, BiasSource, FlipEncoding};
use rebias_converter::AdcRange;
use rebias_crossbar::OnOff;
use rebias_mapper::{LayerPlacement, Placement, map};
use rebias_network::testing::{RandomNetwork, random_image, random_network};
use rebias_network::{FeatureMap, LayerId, Mvm, Network};

use super::exactness::{Bias, Hardware, hardware};
use super::{emulated_sums, sums};

/// Units of a level.
const LEVEL: i128 = 128;

struct Reference<'a> {
    network: &'a Network,
    arch: &'a Arch,
    placement: Placement,
}

/// A range in units.
struct Range {
    low: i128,
    step: i128,
    max_code: i128,
}

impl Range {
    fn new(bits: u32, full_scale: i128, range: AdcRange) -> Self {
        let max_code = (1 << bits) - 1;
        let (low, step) = match range {
            AdcRange::FullScale => (0, ((full_scale + max_code - 1) / max_code).max(LEVEL)),
            AdcRange::LosslessStep => (0, LEVEL),
            AdcRange::Fixed { low, step } => ((low * 128.0 + 0.5).floor() as i128, (step * 128.0).ceil() as i128),
            AdcRange::Calibrated { .. } | AdcRange::LeastError => unreachable!("not among the cases"),
        };
        Self { low, step, max_code }
    }

    fn decoded(&self, sum: i128) -> i128 {
        let code = (2 * (sum - self.low) + self.step).div_euclid(2 * self.step).clamp(0, self.max_code);
        self.low + self.step * code
    }
}

/// z rounded to a multiple of `unit`, ties down: ⌈z/unit − ½⌉.
fn rounded(z: i128, unit: i128) -> i128 {
    -(unit - 2 * z).div_euclid(2 * unit)
}

/// What one array gives in one position: Σ ± 2^(v·b)·(…) of each column, and its part of Ŝ.
struct ArrayReader<'a> {
    arch: &'a Arch,
    placed: &'a LayerPlacement,
    is_lossless: bool,
}

impl ArrayReader<'_> {
    fn floor(&self) -> i128 {
        let cell = &self.arch.ima().crossbar.cell;
        match cell.on_off {
            OnOff::Infinite => 0,
            OnOff::Ratio(ratio) => (f64::from(cell.max_level()) / (ratio - 1.0) * 128.0 + 0.5).floor() as i128,
        }
    }

    /// Nominal: all active word lines at the DAC's greatest level, cells of this conductance.
    fn full_scale(&self, conductance: i128) -> i128 {
        let ima = self.arch.ima();
        i128::from(ima.crossbar.active_word_lines) * i128::from(ima.dac.max_code()) * conductance
    }

    fn estimate(&self, sum: i128) -> i128 {
        match self.arch.mapping().bias {
            BiasSource::DigitalCount => sum,
            BiasSource::Reference(_) => unreachable!("not among the cases"),
            BiasSource::Columns(BiasColumnsSpec { level, adc_bits, .. }) => {
                let conductance = i128::from(level) * LEVEL + self.floor();
                let range = Range::new(adc_bits, self.full_scale(conductance), AdcRange::FullScale);
                rounded(range.decoded(sum * conductance), conductance)
            }
        }
    }

    fn max_level(&self) -> i128 {
        self.arch.ima().crossbar.cell.max_level().into()
    }

    fn range(&self) -> Range {
        let adc = &self.arch.ima().adc;
        Range::new(adc.bits, self.full_scale(self.max_level() * LEVEL + self.floor()), adc.range)
    }

    /// What is stored for these levels of a column, and whether it is their complement.
    fn stored(&self, levels: &[i128]) -> (Vec<i128>, bool) {
        let is_heavy = 2 * levels.iter().sum::<i128>() > levels.len() as i128 * self.max_level();
        match self.arch.mapping().flip_encoding {
            FlipEncoding::On if is_heavy => (levels.iter().map(|level| self.max_level() - level).collect(), true),
            FlipEncoding::On | FlipEncoding::Off => (levels.to_vec(), false),
        }
    }

    /// Σ of a column over slices and reads, in units.
    fn column(&self, levels: &[i128], inputs: &[u16]) -> i128 {
        let (cells, is_flipped) = self.stored(levels);
        let mut total = 0;
        self.each_read(inputs, |weight, lines, levels| {
            let sum: i128 = levels.iter().sum();
            let driven = cells[lines].iter().zip(levels);
            let analog = driven.map(|(cell, level)| (cell * LEVEL + self.floor()) * level).sum();
            let mut z = self.range().decoded(analog) - self.floor() * self.estimate(sum);
            if self.is_lossless {
                z = rounded(z, LEVEL) * LEVEL;
            }
            total += weight * if is_flipped { self.max_level() * LEVEL * self.estimate(sum) - z } else { z };
        });
        total
    }

    /// Calls with the weight, the word lines and the levels of each read.
    fn each_read(&self, inputs: &[u16], mut read: impl FnMut(i128, std::ops::Range<usize>, &[i128])) {
        let active = self.arch.ima().crossbar.active_word_lines as usize;
        for slice in self.placed.slicing.input_slices() {
            for start in (0..inputs.len()).step_by(active) {
                let lines = start..inputs.len().min(start + active);
                let levels: Vec<_> = inputs[lines.clone()].iter().map(|&code| slice.of(code).into()).collect();
                read(slice.weight.into(), lines, &levels);
            }
        }
    }

    /// The greatest sum of a column over its reads, all inputs at their greatest.
    fn max_analog(&self, levels: &[i128]) -> i128 {
        let active = self.arch.ima().crossbar.active_word_lines as usize;
        let widest = self.placed.slicing.input_slices().iter().map(|slice| (1 << slice.bits) - 1).max().unwrap_or(0);
        let sum = |cells: &[i128]| cells.iter().map(|cell| (cell * LEVEL + self.floor()) * widest).sum();
        self.stored(levels).0.chunks(active).map(sum).max().unwrap_or(0)
    }
}

impl Reference<'_> {
    /// The levels of each slice of an output in a row block: `[slice][word line]`.
    fn levels(&self, layer: LayerId, rows: std::ops::Range<usize>, output: usize) -> Vec<Vec<i128>> {
        let placed = self.placement.layer(layer).expect("placed");
        let tensors = self.network.layer(layer).weighted().and_then(|weighted| weighted.tensors.as_ref());
        let codes = &tensors.expect("tensors").codes;
        let level = |slice, row| placed.slicing.weight_slice(codes[[output, row]], slice).into();
        let slices = 0..placed.slicing.n_weight_slices();
        slices.map(|slice| rows.clone().map(|row| level(slice, row)).collect()).collect()
    }

    /// No column can give a sum that the ADC doesn't tell from others.
    fn is_lossless(&self, layer: LayerId) -> bool {
        let placed = self.placement.layer(layer).expect("placed");
        let reader = ArrayReader { arch: self.arch, placed, is_lossless: false };
        let range = reader.range();
        let outputs = 0..self.network.layer(layer).out_shape().channels;
        let max_analog = placed.row_blocks.iter().flat_map(|rows| {
            let levels = outputs.clone().flat_map(|output| self.levels(layer, rows.clone(), output));
            levels.map(|levels| reader.max_analog(&levels)).collect::<Vec<_>>()
        });
        let top = (2 * (max_analog.max().unwrap_or(0) - range.low) + range.step).div_euclid(2 * range.step);
        range.step <= LEVEL && 2 * range.low <= range.step && top <= range.max_code
    }

    fn position(&self, layer: LayerId, inputs: &[u16], output: usize) -> i64 {
        let placed = self.placement.layer(layer).expect("placed");
        let tensors = self.network.layer(layer).weighted().and_then(|weighted| weighted.tensors.as_ref());
        let tensors = tensors.expect("tensors");
        let reader = ArrayReader { arch: self.arch, placed, is_lossless: self.is_lossless(layer) };
        let (mut product, mut estimate) = (0, 0);
        for rows in &placed.row_blocks {
            for (slice, levels) in (0..).zip(self.levels(layer, rows.clone(), output)) {
                product += reader.column(&levels, &inputs[rows.clone()]) << placed.slicing.weight_shift(slice);
            }
            reader.each_read(&inputs[rows.clone()], |weight, _, levels| {
                estimate += weight * reader.estimate(levels.iter().sum());
            });
        }
        let sum = (product << tensors.beta_fraction_bits) + i128::from(tensors.beta_of(output)) * estimate * LEVEL;
        sum.try_into().expect("64 bits")
    }
}

impl Mvm for Reference<'_> {
    fn fraction_bits(&self) -> u32 {
        7
    }

    fn pre_activations(&mut self, layer: LayerId, ifmap: &FeatureMap, out: &mut [i64]) {
        let shape = self.network.layer(layer).out_shape();
        let window = self.network.layer(layer).weighted().expect("weighted").window;
        let map = ifmap.shape();
        for position in 0..shape.positions() {
            let mut inputs = Vec::new();
            for channel in 0..map.channels {
                for place in 0..window.area() {
                    let row = position / shape.width * window.stride + place / window.width;
                    let column = position % shape.width * window.stride + place % window.width;
                    let at = |padded: usize, extent| padded.checked_sub(window.padding).filter(|&at| at < extent);
                    inputs.push(match (at(row, map.height), at(column, map.width)) {
                        (Some(row), Some(column)) => ifmap.channel(channel)[row * map.width + column],
                        _ => 0,
                    });
                }
            }
            for output in 0..shape.channels {
                out[output * shape.positions() + position] = self.position(layer, &inputs, output);
            }
        }
    }
}

/// Any hardware, with few bits in its converters.
fn lossy_hardware() -> impl Strategy<Value = Hardware> {
    let range = prop_oneof![
        Just(AdcRange::LosslessStep),
        Just(AdcRange::FullScale),
        (-3.0f64..30.0, 0.3f64..9.0).prop_map(|(low, step)| AdcRange::Fixed { low, step }),
    ];
    (hardware(), range, 1u32..=12, 1u32..=8).prop_map(|(mut hardware, range, adc_bits, bias_bits)| {
        hardware.range = range;
        hardware.adc_bits = adc_bits;
        if let Bias::Column { adc_bits, .. } = &mut hardware.bias {
            *adc_bits = bias_bits;
        }
        hardware
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn prop_lossy_converters_do_what_the_definitions_say(hardware in lossy_hardware(), seed: u64) {
        let recipe = RandomNetwork {
            input: rebias_network::Shape::new(2, 5, 4),
            n_convs: 0..=2,
            channels: 1..=3,
            classes: 2,
            ..RandomNetwork::default()
        };
        let network = random_network(seed, &recipe);
        let (image, arch) = (random_image(seed, &network), hardware.arch());
        let placement = map(&network, &arch).expect("fits");
        let reference = Reference { network: &network, arch: &arch, placement };
        prop_assert_eq!(emulated_sums(&network, &arch, &image), sums(&network, &image, reference));
    }
}
