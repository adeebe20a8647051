//! What a placed and replayed network costs on a chip, under each model of its ADCs.

use std::collections::BTreeMap;
use std::ops::Range;

use rebias_arch::Arch;
use rebias_cost::{AdcCostModel, Costs, PeakFormat, Priced, ProgrammedCells, Usage, peak, price};
use rebias_mapper::{LayerPlacement, Placement, TileId};
use rebias_network::Network;
use rebias_units::{Area, Energy};

use crate::calibration::calibration_reads;
use crate::{AdcModelCost, Component, Cost, ModelledCost};

/// What is priced: a network on a chip, and what it used there.
#[derive(Clone, Copy)]
pub(crate) struct Pricing<'p> {
    pub(crate) arch: &'p Arch,
    pub(crate) network: &'p Network,
    pub(crate) placement: &'p Placement,
    pub(crate) usage: Usage<'p>,
}

impl Pricing<'_> {
    /// The network's cost under the table's default model, with that under its other models beside it.
    pub(crate) fn cost(self, costs: &Costs, priced: &Priced) -> Cost {
        let (arch, interval) = (self.arch, self.usage.interval);
        let components = priced.components.iter().map(|part| Component {
            name: part.component.clone(),
            dynamic: part.dynamic,
            static_gated: part.static_gated(interval),
            static_always_on: part.static_always_on(interval),
            area_allocated: part.area_allocated,
            area_chip: part.area_chip,
        });
        let gated = priced.energy_gated(interval);
        let area: Area = priced.components.iter().map(|part| part.area_allocated).sum();
        Cost {
            components: components.collect(),
            adc_model: costs.adc_model().to_owned(),
            adc_models: costs.adc_models().iter().map(|model| self.under(model, costs)).collect(),
            power_gated: gated / interval,
            power_always_on: priced.energy_always_on(interval) / interval,
            tops_per_w: self.tops_per_w(gated),
            gops_per_mm2: self.operations() / interval.seconds() / area.square_millimetres() / 1e9,
            peak: peak(arch, costs, peak_format(self.network, self.placement)),
            calibration: calibration_reads(arch, self.network, self.placement)
                .and_then(|reads| costs.calibration(arch, &reads)),
            programming: costs.programming().map(|spec| spec.load(programmed_cells(self.placement))),
        }
    }

    fn under(self, model: &AdcCostModel, costs: &Costs) -> AdcModelCost {
        let modelled = costs.with_adc_model(model, self.arch).map(|costs| {
            let priced = price(self.arch, &costs, &self.usage);
            let energy = priced.energy_gated(self.usage.interval);
            let area_allocated = priced.components.iter().map(|part| part.area_allocated).sum();
            ModelledCost { energy_gated: energy, tops_per_w: self.tops_per_w(energy), area_allocated }
        });
        AdcModelCost { name: model.name.clone(), covered_bits: model.covered(), modelled }
    }

    fn tops_per_w(self, energy: Energy) -> f64 {
        self.operations() / energy.joules() / 1e12
    }

    /// Operations of an image, two for each multiply–accumulate.
    fn operations(self) -> f64 {
        2.0 * self.network.macs() as f64
    }
}

/// The number format of the layer with most work.
fn peak_format(network: &Network, placement: &Placement) -> PeakFormat {
    let work = |placed: &&LayerPlacement| network.layer(placed.layer).macs();
    let slicing = placement.layers().iter().max_by_key(work).map(|placed| &placed.slicing);
    PeakFormat {
        n_weight_slices: slicing.map_or(1, |slicing| slicing.n_columns()),
        n_conversions: slicing.map_or(1, |slicing| slicing.n_conversions()),
        n_input_slices: slicing.map_or(1, |slicing| slicing.input_slices().len() as u32),
    }
}

/// The cells of weights and bias columns, altogether and in the tile with most of them.
fn programmed_cells(placement: &Placement) -> ProgrammedCells {
    let mut of_tile = BTreeMap::<TileId, u64>::new();
    for placed in placement.layers() {
        for array in placed.replicas.iter().flat_map(|replica| &replica.arrays) {
            let rows = placed.row_blocks.get(array.row_block).map_or(0, Range::len);
            let columns = placed.data_columns(array.column_block) + placed.bias_columns(array.column_block);
            *of_tile.entry(array.ima.tile).or_default() += rows as u64 * u64::from(columns);
        }
    }
    ProgrammedCells { total: of_tile.values().sum(), fullest_tile: of_tile.values().max().copied().unwrap_or(0) }
}
