//! The kinds of TOML that Rebias reads.

use rebias_arch::{Arch, read_devices};
use rebias_config::Document;
use rebias_cost::Costs;
use rebias_network::Trace;
use rebias_plot::Spec;
use rebias_recipe::{Recipe, Study};
use rebias_sweep::Grid;
use rebias_validate::Expected;
use toml::Table;

use crate::comments::Comments;
use crate::explore::explore;
use crate::shape::Shape;

/// A kind of TOML file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A chip.
    Arch,
    /// What a chip's parts cost.
    Costs,
    /// Published figures of a chip.
    Expected,
    /// The layers of a network.
    Trace,
    /// A grid of configurations.
    Sweep,
    /// Measured devices.
    Devices,
    /// What to draw of a table of results.
    Plot,
    /// What to train, and how.
    Recipe,
    /// A recipe in several number representations.
    Study,
}

impl Kind {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::Arch,
        Self::Costs,
        Self::Expected,
        Self::Trace,
        Self::Sweep,
        Self::Devices,
        Self::Plot,
        Self::Recipe,
        Self::Study,
    ];

    /// The kind of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }

    /// What a document looks like; `None` if it may be anything.
    pub fn of(document: &Document) -> Option<Self> {
        // A key of the top level that no other kind has.
        let telling = |kind| match kind {
            Self::Arch => ["chip", "extends"].as_slice(),
            Self::Costs => &["row"],
            Self::Expected => &["figure"],
            Self::Trace => &["layers"],
            Self::Sweep => &["architecture"],
            Self::Devices => &[],
            Self::Plot => &["chart"],
            Self::Recipe => &["quantisation"],
            Self::Study => &["forms"],
        };
        Self::ALL.iter().copied().find(|&kind| telling(kind).iter().any(|key| document.get(key).is_some()))
    }

    /// The files that are read with one of this kind, itself last.
    pub const fn with_what_it_needs(self) -> &'static [Self] {
        match self {
            Self::Arch => &[Self::Costs, Self::Arch],
            Self::Costs => &[Self::Arch, Self::Costs],
            Self::Expected => &[Self::Arch, Self::Costs, Self::Expected],
            Self::Trace => &[Self::Trace],
            Self::Sweep => &[Self::Arch, Self::Costs, Self::Trace, Self::Sweep],
            Self::Devices => &[Self::Devices],
            Self::Plot => &[Self::Plot],
            Self::Recipe => &[Self::Recipe],
            Self::Study => &[Self::Recipe, Self::Study],
        }
    }

    /// Its name in commands.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Arch => "arch",
            Self::Costs => "costs",
            Self::Expected => "expected",
            Self::Trace => "trace",
            Self::Sweep => "sweep",
            Self::Devices => "devices",
            Self::Plot => "plot",
            Self::Recipe => "recipe",
            Self::Study => "study",
        }
    }

    /// The name of its files; sweeps, plots, recipes and studies may have others.
    pub fn file_name(self) -> String {
        format!("{}.toml", self.name())
    }

    /// What it describes.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Arch => "a chip: its parts and how networks are mapped",
            Self::Costs => "what the parts of a chip cost",
            Self::Expected => "published figures of a chip, to compare with",
            Self::Trace => "a network: its layers and where it comes from",
            Self::Sweep => "a grid of configurations to run",
            Self::Devices => "devices whose programming errors were measured",
            Self::Plot => "what to draw of a table of results",
            Self::Recipe => "what to train, on what, and how",
            Self::Study => "a recipe in several number representations and with several seeds",
        }
    }

    /// A valid file of this kind, in which every key has a comment; optional keys may be commented out.
    pub const fn template(self) -> &'static str {
        match self {
            Self::Arch => include_str!("../../../arch-configs/generic-1t1r/arch.toml"),
            Self::Costs => include_str!("../../../arch-configs/generic-1t1r/costs.toml"),
            Self::Expected => include_str!("../templates/expected.toml"),
            Self::Trace => include_str!("../templates/trace.toml"),
            Self::Sweep => include_str!("../templates/sweep.toml"),
            Self::Devices => include_str!("../../../arch-configs/devices.toml"),
            Self::Plot => include_str!("../templates/plot.toml"),
            Self::Recipe => include_str!("../templates/recipe.toml"),
            Self::Study => include_str!("../templates/study.toml"),
        }
    }

    /// The comments of the template.
    pub fn comments(self) -> Comments {
        Comments::parse(self.template())
    }

    /// Every table and key that the reader of this kind knows.
    pub fn shape(self) -> Shape {
        match self {
            Self::Arch => explore(&Table::new(), &|document| Arch::parse(document).map(drop)),
            Self::Costs => {
                let arch = template_arch();
                explore(&Table::new(), &|document| Costs::parse(document, &arch).map(drop))
            }
            Self::Expected => {
                let arch = template_arch();
                let costs = embedded(Costs::parse(&document(Self::Costs), &arch));
                explore(&Table::new(), &|document| Expected::parse(document, &arch, &costs).map(drop))
            }
            Self::Trace => explore(&Table::new(), &|document| Trace::parse_layers(document).map(drop)),
            Self::Sweep => explore(&seed(SWEPT), &|document| Grid::parse(document).map(drop)),
            Self::Devices => explore(&seed(NAMED), &|document| read_devices(document).map(drop)),
            Self::Plot => explore(&seed(KEPT), &|document| Spec::parse(document).map(drop)),
            Self::Recipe => explore(&Table::new(), &|document| Recipe::parse(document).map(drop)),
            Self::Study => explore(&Table::new(), &|document| Study::parse(document).map(drop)),
        }
    }
}

/// A key for each table of a sweep that takes any.
const SWEPT: &str = "[set]\n\"arch.adc.bits\" = 8\n[axes]\n\"arch.cell.bits\" = [1]\n[[zip]]\n\"arch.dac.bits\" = [1]\n\
                     [random.axes]\nx = { uniform = [1.0, 2.0] }\n[[exclude]]\n\"arch.cell.bits\" = 1\n\
                     [objectives]\nenergy_uj = \"min\"\n";
/// A value that drawn rows have.
const KEPT: &str = "[where]\n\"arch.adc.bits\" = 8\n";
/// A device of any name.
const NAMED: &str = "[device]\n";

fn template_arch() -> Arch {
    embedded(Arch::parse(&document(Kind::Arch)))
}

fn document(kind: Kind) -> Document {
    embedded(Document::parse(kind.file_name(), kind.template()))
}

fn seed(text: &str) -> Table {
    embedded(text.parse())
}

/// What is compiled in, and tested, is valid.
fn embedded<T, E: std::fmt::Display>(read: Result<T, E>) -> T {
    read.unwrap_or_else(|error| unreachable!("a template is invalid: {error}"))
}
