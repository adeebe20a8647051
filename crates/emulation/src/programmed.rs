//! A programmed chip without its converters.

use rayon::prelude::*;
use rebias_arch::{Arch, LayerPlace};
use rebias_crossbar::ChipSeed;
use rebias_kernels::Kernel;
use rebias_mapper::Placement;
use rebias_network::Network;

use crate::EmulationError;
use crate::arrays::{LayerArrays, Programmer};

/// A network's arrays as a chip has them, before converters are set: what designs share that differ only in ADCs.
#[derive(Clone, Debug)]
pub struct ProgrammedArrays {
    pub(crate) layers: Vec<LayerArrays>,
    pub(crate) kernel: Kernel,
}

impl ProgrammedArrays {
    /// Programs the arrays as a chip has them, for the fastest kernel or the one that the environment variable
    /// [`KERNEL_VARIABLE`](rebias_kernels::KERNEL_VARIABLE) asks for.
    ///
    /// # Errors
    ///
    /// A network without tensors, a placement of another network, wires whose voltages can't be found, a kernel that
    /// this machine can't run.
    pub fn of_chip(
        network: &Network,
        arch: &Arch,
        placement: &Placement,
        chip: ChipSeed,
    ) -> Result<Self, EmulationError> {
        Self::with_kernel(network, arch, placement, (chip, Kernel::from_environment()?))
    }

    pub(crate) fn with_kernel(
        network: &Network,
        arch: &Arch,
        placement: &Placement,
        (chip, kernel): (ChipSeed, Kernel),
    ) -> Result<Self, EmulationError> {
        let edge_arch = arch.of_edge_layers();
        let (inside, at_edge) = (Programmer::new(arch, kernel, chip)?, Programmer::new(&edge_arch, kernel, chip)?);
        let layers: Vec<_> = network.weighted_layers().collect();
        let n_layers = layers.len();
        let layers = layers
            .into_par_iter()
            .enumerate()
            .map(|(index, (id, layer, weighted))| {
                let programmer = match LayerPlace::of(index, n_layers) {
                    LayerPlace::Edge => &at_edge,
                    LayerPlace::Inside => &inside,
                };
                let other = || EmulationError::OtherPlacement { layer: layer.name().to_owned() };
                programmer.program(layer, weighted, placement.layer(id).ok_or_else(other)?)
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { layers, kernel })
    }
}
