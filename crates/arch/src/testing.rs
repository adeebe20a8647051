//! Architectures for tests, to start from and to change.
//!
//! A test shows only what differs from the design that it starts from:
//!
//! ```
//! let arch = rebias_arch::testing::toy_with(|chip, _| chip.tile.ima.adc.bits = 4);
//! assert_eq!(arch.ima().adc.bits, 4);
//! ```

use rebias_config::Document;
use rebias_tile::{ChipSpec, SystemSpec};

use crate::{Arch, MappingSpec};

/// A chip small enough to follow by hand: 4 tiles of 2 IMAs of 4 crossbars of 32 × 32 cells.
pub fn toy() -> Arch {
    shipped("toy", include_str!("../../../arch-configs/toy/arch.toml"))
}

/// [`toy`] with some changes; nothing checks that they are legal.
pub fn toy_with(change: impl FnOnce(&mut ChipSpec, &mut MappingSpec)) -> Arch {
    changed(toy(), change)
}

/// ISAAC as published in 2016.
pub fn isaac() -> Arch {
    shipped("isaac-2016", include_str!("../../../arch-configs/isaac-2016/arch.toml"))
}

/// [`isaac`] with some changes; nothing checks that they are legal.
pub fn isaac_with(change: impl FnOnce(&mut ChipSpec, &mut MappingSpec)) -> Arch {
    changed(isaac(), change)
}

/// A design on several chips with a link between them; nothing checks that they are legal.
pub fn on_chips(mut arch: Arch, system: SystemSpec) -> Arch {
    arch.system = system;
    arch
}

fn changed(mut arch: Arch, change: impl FnOnce(&mut ChipSpec, &mut MappingSpec)) -> Arch {
    change(&mut arch.chip, &mut arch.mapping);
    arch
}

fn shipped(name: &str, text: &str) -> Arch {
    let parsed = Document::parse(format!("arch-configs/{name}/arch.toml"), text).and_then(|it| Arch::parse(&it));
    match parsed {
        Ok(arch) => arch,
        Err(faults) => unreachable!("a shipped design is valid:\n{faults}"),
    }
}
