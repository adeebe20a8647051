//! Pricing: what was counted, times what it costs.

use rebias_arch::{Arch, LayerPlace};
use rebias_crossbar::{CellModel, FRACTION_BITS, ReadEnergy};
use rebias_units::{Action, Area, Counts, Energy, Power, Time};

use crate::row::{Costs, Row};
use crate::unit::Extent;

/// What a network used of a chip for one image.
#[derive(Clone, Copy, Debug)]
pub struct Usage<'u> {
    /// Counts of each weighted layer.
    pub layers: &'u [LayerUsage],
    /// Tiles that stay on when idle parts are off.
    pub n_tiles: u32,
    /// Time between images.
    pub interval: Time,
}

/// What one layer used for one image.
#[derive(Clone, Copy, Debug)]
pub struct LayerUsage {
    /// What its parts did.
    pub counts: Counts,
    /// Σ g·x² over the cells and reads of an image, in units of 1/128 level times the square of an input slice's code:
    /// needed where reads cost by their data.
    pub read_activity: Option<f64>,
    /// Which of the network's layers it is.
    pub place: LayerPlace,
}

/// What a network costs for one image.
#[derive(Clone, Debug, PartialEq)]
pub struct Priced {
    /// Component by component, in the table's order.
    pub components: Vec<ComponentCost>,
    /// Dynamic energy of each layer, in the order of the usage.
    pub layers: Vec<LayerCost>,
}

impl Priced {
    /// Energy of an image when idle parts are off.
    pub fn energy_gated(&self, interval: Time) -> Energy {
        self.components.iter().map(|part| part.dynamic + part.static_gated(interval)).sum()
    }

    /// Energy of an image when nothing is switched off.
    pub fn energy_always_on(&self, interval: Time) -> Energy {
        self.components.iter().map(|part| part.dynamic + part.static_always_on(interval)).sum()
    }
}

/// Energy of one layer's actions.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerCost {
    /// Component by component, in the table's order.
    pub by_component: Vec<Energy>,
}

impl LayerCost {
    /// Of all components.
    pub fn total(&self) -> Energy {
        self.by_component.iter().copied().sum()
    }
}

/// One component's cost.
#[derive(Clone, Debug, PartialEq)]
pub struct ComponentCost {
    /// Its name.
    pub component: String,
    /// Energy of an image's actions.
    pub dynamic: Energy,
    /// Static power in the tiles that stay on.
    pub static_allocated: Power,
    /// Static power of the whole chip, or of all chips.
    pub static_chip: Power,
    /// Area in the tiles that stay on.
    pub area_allocated: Area,
    /// Area of the whole chip, or of all chips.
    pub area_chip: Area,
}

impl ComponentCost {
    /// Static energy of the tiles that stay on, over a time.
    pub fn static_gated(&self, interval: Time) -> Energy {
        self.static_allocated * interval
    }

    /// Static energy of the whole chip, over a time.
    pub fn static_always_on(&self, interval: Time) -> Energy {
        self.static_chip * interval
    }
}

/// Prices what a network used.
pub fn price(arch: &Arch, costs: &Costs, usage: &Usage<'_>) -> Priced {
    let by_component =
        |layer: &LayerUsage| costs.rows_of(layer.place).iter().map(|row| dynamic(arch, row, layer)).collect();
    let layers: Vec<_> = usage.layers.iter().map(|layer| LayerCost { by_component: by_component(layer) }).collect();
    let component = |(at, row): (usize, &Row)| {
        let allocated = row.unit.count(arch, Extent::Tiles(usage.n_tiles));
        let chips = row.unit.count(arch, Extent::System);
        ComponentCost {
            component: row.component.clone(),
            dynamic: layers.iter().filter_map(|layer| layer.by_component.get(at)).copied().sum(),
            static_allocated: row.static_power_of_unit(arch) * allocated,
            static_chip: row.static_power_of_unit(arch) * chips,
            area_allocated: row.area_of_unit(arch) * allocated,
            area_chip: row.area_of_unit(arch) * chips,
        }
    };
    Priced { components: costs.rows().iter().enumerate().map(component).collect(), layers }
}

/// Energy of a layer's actions that a row prices.
pub(crate) fn dynamic(arch: &Arch, row: &Row, layer: &LayerUsage) -> Energy {
    let per_action = row.energy_per_action(arch);
    row.actions
        .iter()
        .map(|&action| match (action, arch.ima().crossbar.cell.read_energy, layer.read_activity) {
            (Action::CrossbarRead, ReadEnergy::DataDependent, Some(activity)) => read_energy(arch, activity),
            _ => per_action * layer.counts[action] as f64,
        })
        .sum()
}

/// Σ V²·G·t of driven cells: a slice of the largest code stands for the read voltage, the highest level for the on
/// conductance.
fn read_energy(arch: &Arch, activity: f64) -> Energy {
    let cell = &arch.ima().crossbar.cell;
    let top_units = f64::from(CellModel::new(cell).units(cell.max_level()));
    debug_assert!(top_units >= f64::from(1u32 << FRACTION_BITS), "a level has 128 units");
    let volts_per_code = cell.read_voltage.volts() / f64::from(arch.ima().dac.max_code());
    let siemens_per_unit = cell.on_conductance.siemens() / top_units;
    let power = volts_per_code * volts_per_code * siemens_per_unit * activity;
    Power::from_watts(power) * arch.chip().cycle_time
}
