//! What each stage of a run depends on: designs with equal keys give equal results of that stage for the same network.
//!
//! ```text
//!                     ┌─ array key ──► programmed cells ─┐
//!  Arch ─┬─ emulation key ───────────────────────────────┴► values
//!        └─ replay key ──► placement ──► cycles, counts
//! ```
//!
//! A key is taken of the whole architecture but for what is known not to matter, so that a part that is added matters
//! until someone says that it doesn't.

use rebias_converter::{AdcErrors, AdcRange};
use rebias_crossbar::{NonIdealities, OnOff, ReadEnergy, WiringSpec};
use rebias_tile::ImaSpec;
use rebias_units::{Bytes, Conductance, Voltage};

use crate::{Arch, BiasSource, Fingerprint, MappingSpec, Replication, TilePlacement};

impl Arch {
    /// What the values of a network depend on: cells, arrays, converters, and how weights become cells. Copies of layers
    /// hold the same values, so how many there are and where doesn't matter.
    pub fn emulation_key(&self) -> Fingerprint {
        Fingerprint::of_values(&[&self.read_parts(), &self.stored_weights()])
    }

    /// What the cells of a programmed chip depend on: all that values depend on but for the ADCs, a bias column's among
    /// them.
    pub fn array_key(&self) -> Fingerprint {
        let mut ima = self.read_parts();
        ima.adc.bits = 0;
        ima.adc.range = AdcRange::FullScale;
        ima.adc.errors = AdcErrors::NONE;
        let mut mapping = self.stored_weights();
        forget_converters(&mut mapping);
        Fingerprint::of_values(&[&ima, &mapping])
    }

    /// What the placement of a network and the cycles of its replay depend on: all parts, but not what values are.
    pub fn replay_key(&self) -> Fingerprint {
        let (mut chip, mut mapping) = (self.chip.clone(), self.mapping);
        let ima = &mut chip.tile.ima;
        ima.adc.bits = 0;
        ima.adc.range = AdcRange::FullScale;
        ima.adc.errors = AdcErrors::NONE;
        ima.dac.inl.clear();
        ima.crossbar.wiring = WiringSpec::IDEAL;
        let cell = &mut ima.crossbar.cell;
        cell.device_bits = 0;
        cell.on_off = OnOff::Infinite;
        cell.on_conductance = Conductance::ZERO;
        cell.read_voltage = Voltage::ZERO;
        cell.read_energy = ReadEnergy::Constant;
        cell.headroom = 0.0;
        cell.non_idealities = NonIdealities::NONE;
        forget_converters(&mut mapping);
        if let Some(calibration) = &mut mapping.calibration {
            (calibration.adc_noise, calibration.interval) = (0.0, None);
        }
        Fingerprint::of_values(&[&chip, &self.system, &mapping])
    }

    /// An IMA of which only what values depend on is kept.
    fn read_parts(&self) -> ImaSpec {
        let mut ima = self.ima().clone();
        ima.n_crossbars = 0;
        ima.n_adcs = 0;
        ima.adc.conversions_per_cycle = 0;
        ima.n_shift_adds = 0;
        ima.shift_adds_per_cycle = 0;
        ima.partial_sum_bits = 0;
        ima.input_register.capacity = Bytes(0);
        ima.output_register.capacity = Bytes(0);
        ima
    }

    /// How weights are stored, wherever that is.
    fn stored_weights(&self) -> MappingSpec {
        MappingSpec { replication: Replication::None, placement: TilePlacement::InOrder, ..self.mapping }
    }
}

/// A bias column's converter, and the resolution of those of the first and last layer, change neither cells nor cycles.
fn forget_converters(mapping: &mut MappingSpec) {
    if let BiasSource::Columns(columns) = &mut mapping.bias {
        columns.adc_bits = 0;
        columns.adc_noise = 0.0;
    }
    mapping.edge_layers.adc_bits = None;
}

#[cfg(test)]
mod tests {
    use rebias_tile::ChipSpec;

    use super::*;
    use crate::testing::{isaac, isaac_with};

    /// Which keys of ISAAC a change alters: emulation, arrays, replay.
    fn altered(change: impl FnOnce(&mut ChipSpec, &mut MappingSpec)) -> [bool; 3] {
        let keys = |arch: &Arch| [arch.emulation_key(), arch.array_key(), arch.replay_key()];
        let (old, new) = (keys(&isaac()), keys(&isaac_with(change)));
        [old[0] != new[0], old[1] != new[1], old[2] != new[2]]
    }

    #[test]
    fn what_alters_nothing_but_costs_alters_no_key() {
        assert_eq!(altered(|_, _| {}), [false; 3]);
    }

    #[test]
    fn an_adc_alters_values_but_neither_cells_nor_cycles() {
        assert_eq!(altered(|chip, _| chip.tile.ima.adc.bits = 5), [true, false, false]);
        assert_eq!(altered(|chip, _| chip.tile.ima.adc.range = AdcRange::FullScale), [true, false, false]);
        let narrower = |_: &mut ChipSpec, mapping: &mut MappingSpec| match &mut mapping.bias {
            BiasSource::Columns(columns) => (columns.adc_bits, columns.adc_noise) = (5, 0.1),
            BiasSource::DigitalCount | BiasSource::Reference(_) => unreachable!("ISAAC has a bias column"),
        };
        assert_eq!(altered(narrower), [true, false, false]);
    }

    #[test]
    fn errors_of_cells_alter_values_but_no_cycles() {
        assert_eq!(altered(|chip, _| chip.tile.ima.crossbar.cell.on_off = OnOff::Ratio(20.0)), [true, true, false]);
        assert_eq!(altered(|chip, _| chip.tile.ima.dac.inl = vec![0.0, 0.1]), [true, true, false]);
    }

    #[test]
    fn speed_and_size_alter_cycles_only() {
        assert_eq!(altered(|chip, _| chip.tile.ima.adc.conversions_per_cycle = 64), [false, false, true]);
        assert_eq!(altered(|chip, _| chip.n_tiles = 200), [false, false, true]);
        assert_eq!(altered(|chip, _| chip.tile.edram.banks = 4), [false, false, true]);
        assert_eq!(altered(|_, mapping| mapping.replication = Replication::None), [false, false, true]);
    }

    #[test]
    fn the_size_of_arrays_alters_everything() {
        assert_eq!(altered(|chip, _| chip.tile.ima.crossbar.word_lines = 64), [true; 3]);
        assert_eq!(altered(|chip, _| chip.tile.ima.crossbar.cell.bits = 1), [true; 3]);
    }
}
