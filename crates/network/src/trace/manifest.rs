//! `trace.toml`: layers and provenance.

use rebias_config::{Interval, Problem, Table, Wants};

use super::{Accuracies, FORMAT_VERSION, Provenance, TraceFiles};
use crate::build::{INPUT_NAME, LEGAL_BITS, MAX_EXTENT};
use crate::tensors::MAX_FRACTION_BITS;
use crate::{
    Add, CodeFormat, Densities, LayerDef, LayerFault, LayerId, LayerInput, Network, NetworkError, OpDef, OutputFormat,
    Representation, Scales, Shape, Sign, WeightsDef, Window,
};

/// Fraction bits of β where a layer doesn't say.
const DEFAULT_FRACTION_BITS: u32 = 8;

/// Representations by name.
const REPRESENTATIONS: [(&str, Representation); 3] = [
    ("biased", Representation::Biased),
    ("pair", Representation::Pair(Scales::One)),
    ("pair-two-scales", Representation::Pair(Scales::Two)),
];

/// What `trace.toml` says.
#[derive(Debug)]
pub(super) struct Manifest {
    /// Without tensors.
    pub(super) network: Network,
    /// How the tensors of each layer are stored.
    pub(super) storage: Vec<Storage>,
    pub(super) provenance: Provenance,
}

/// How the tensors of a layer are stored.
#[derive(Clone, Copy, Debug)]
pub(super) enum Storage {
    /// Codes `[out, in, kernel_height, kernel_width]`.
    Conv { beta_fraction_bits: u32 },
    /// Codes `[out, in]`.
    Linear { beta_fraction_bits: u32 },
    /// There are none.
    Nothing,
}

pub(super) fn read(root: &Table<'_>, files: &TraceFiles) -> Option<Manifest> {
    check_version(root)?;
    let name = root.string("name");
    let input = root.table("input");
    let layers = root.tables("layers");
    let provenance = root.optional_table("provenance");
    let densities = read_densities(root, Densities::default());
    let input = input.and_then(|input| read_input(&input));
    let provenance = provenance.and_then(|table| read_provenance(root, table, files));
    let layers = layers.and_then(|tables| {
        let drafts: Vec<_> = tables.iter().map(|table| read_layer(table, densities.unwrap_or_default())).collect();
        Some((drafts.into_iter().collect::<Option<Vec<_>>>()?, tables))
    });
    let ((drafts, tables), (shape, format)) = (layers?, input?);
    densities?;
    let storage = drafts.iter().map(|draft| draft.storage).collect();
    let densities: Vec<_> =
        drafts.iter().enumerate().filter_map(|(index, draft)| Some((LayerId(index), draft.densities?))).collect();
    let defs = resolve(drafts, &tables)?;
    let network = match Network::new(name?, shape, format, defs) {
        Ok(network) => network.with_densities(densities),
        Err(error) => {
            tell(&error, root, &tables);
            return None;
        }
    };
    if files.tensors.is_some() && network.classes().is_none() {
        if let Some(last) = tables.last() {
            last.fault("activation_bits", Problem::new(LayerFault::NoLogits.to_string()).hint("leave this key out"));
        }
        return None;
    }
    Some(Manifest { network, storage, provenance: provenance? })
}

fn check_version(root: &Table<'_>) -> Option<()> {
    let version: Option<i64> = root.optional_integer("format_version", 1..=i64::MAX)?;
    if version == Some(FORMAT_VERSION.into()) {
        return Some(());
    }
    let problem = match version {
        Some(_) => Problem::new("this version of the trace format is not known").hint("a newer rebias may read it"),
        None => Problem::new("missing key"),
    };
    root.fault("format_version", problem.legal(FORMAT_VERSION));
    // What a key means in another version cannot be judged.
    root.disregard();
    None
}

fn read_input(table: &Table<'_>) -> Option<(Shape, CodeFormat)> {
    let shape = table.integers::<usize>("shape", 1..=MAX_EXTENT as i64);
    let bits = table.integer("bits", legal_bits());
    let sign = table.choice("sign", &[("unsigned", Sign::Unsigned), ("twos-complement", Sign::TwosComplement)]);
    let &[channels, height, width] = shape?.as_slice() else {
        table.fault("shape", Problem::new("a shape has three numbers").legal("[channels, rows, columns]"));
        return None;
    };
    Some((Shape::new(channels, height, width), CodeFormat { bits: bits?, sign: sign? }))
}

fn legal_bits() -> std::ops::RangeInclusive<i64> {
    i64::from(*LEGAL_BITS.start())..=i64::from(*LEGAL_BITS.end())
}

/// A layer whose input is not yet looked up.
struct Draft {
    name: String,
    input: Option<String>,
    op: DraftOp,
    storage: Storage,
    /// Of a layer with weights.
    densities: Option<Densities>,
}

enum DraftOp {
    /// It reads the input and nothing else.
    Ready(Box<OpDef>),
    /// It also reads the layer of this name.
    Add { skip: String, bits: u32 },
}

impl DraftOp {
    fn ready(op: OpDef) -> Self {
        Self::Ready(Box::new(op))
    }
}

#[derive(Clone, Copy)]
enum OpName {
    Conv,
    Linear,
    MaxPool,
    SumPool,
    Add,
}

/// `assumed` holds where the layer says nothing else.
fn read_layer(table: &Table<'_>, assumed: Densities) -> Option<Draft> {
    let name = table.string("name");
    let input = table.optional_string("input");
    let ops = [
        ("conv", OpName::Conv),
        ("linear", OpName::Linear),
        ("max-pool", OpName::MaxPool),
        ("sum-pool", OpName::SumPool),
        ("add", OpName::Add),
    ];
    let op = table.choice("op", &ops)?;
    let has_weights = matches!(op, OpName::Conv | OpName::Linear);
    let densities = has_weights.then(|| read_densities(table, assumed));
    let (op, storage) = match op {
        OpName::Conv => {
            let (window, weights) = (read_window(table), read_weights(table));
            let (weights, beta_fraction_bits) = weights?;
            (DraftOp::ready(OpDef::Conv { window: window?, weights }), Storage::Conv { beta_fraction_bits })
        }
        OpName::Linear => {
            let (weights, beta_fraction_bits) = read_weights(table)?;
            (DraftOp::ready(OpDef::Linear(weights)), Storage::Linear { beta_fraction_bits })
        }
        OpName::MaxPool => (DraftOp::ready(OpDef::MaxPool(read_window(table)?)), Storage::Nothing),
        OpName::SumPool => (DraftOp::ready(OpDef::SumPool(read_window(table)?)), Storage::Nothing),
        OpName::Add => {
            let (skip, bits) = (table.string("skip"), table.integer("bits", legal_bits()));
            (DraftOp::Add { skip: skip?, bits: bits? }, Storage::Nothing)
        }
    };
    let densities = match densities {
        Some(read) => Some(read?),
        None => None,
    };
    Some(Draft { name: name?, input: input?, op, storage, densities })
}

/// The densities that a table states; `assumed` where it does not.
fn read_densities(table: &Table<'_>, assumed: Densities) -> Option<Densities> {
    let share = Interval::closed(0.0, 1.0);
    let inputs = table.optional_number("input_density", share);
    let weights = table.optional_number("weight_density", share);
    Some(Densities { inputs: inputs?.unwrap_or(assumed.inputs), weights: weights?.unwrap_or(assumed.weights) })
}

fn read_window(table: &Table<'_>) -> Option<Window> {
    let extents = 1..=MAX_EXTENT as i64;
    let kernel = table.optional_value_as("kernel", Wants::OneOrMoreIntegers(extents.clone()));
    let is_pair = kernel.is_some_and(|kernel| kernel.as_array().is_some());
    let kernel = if is_pair {
        table.integers("kernel", extents.clone())
    } else {
        table.integer("kernel", extents.clone()).map(|extent| vec![extent, extent])
    };
    let stride = table.integer("stride", extents);
    let padding = table.integer("padding", 0..=MAX_EXTENT as i64);
    let &[height, width] = kernel?.as_slice() else {
        table.fault("kernel", Problem::new("a kernel has one or two extents").legal("an integer, or [rows, columns]"));
        return None;
    };
    Some(Window { height, width, stride: stride?, padding: padding? })
}

/// The weights, and the fraction bits of β.
fn read_weights(table: &Table<'_>) -> Option<(WeightsDef, u32)> {
    let out_channels = table.integer("out_channels", 1..=MAX_EXTENT as i64);
    let weight_bits = table.integer("weight_bits", legal_bits());
    let activation_bits = table.optional_integer("activation_bits", legal_bits());
    let fraction_bits = table.integer_or("beta_fraction_bits", 0..=MAX_FRACTION_BITS.into(), DEFAULT_FRACTION_BITS);
    let representation = table.choice("representation", &REPRESENTATIONS);
    let output = match activation_bits? {
        Some(bits) => OutputFormat::Codes { bits },
        None => OutputFormat::Logits,
    };
    let weights = WeightsDef {
        out_channels: out_channels?,
        weight_bits: weight_bits?,
        representation: representation?,
        output,
        tensors: None,
    };
    Some((weights, fraction_bits?))
}

/// Looks up what each layer reads; the layer before where none is named.
fn resolve(drafts: Vec<Draft>, tables: &[Table<'_>]) -> Option<Vec<LayerDef>> {
    let mut names = vec![INPUT_NAME.to_owned()];
    let mut before = INPUT_NAME.to_owned();
    let mut defs = Vec::new();
    for (draft, table) in drafts.into_iter().zip(tables) {
        let input = look_up(draft.input.as_ref().unwrap_or(&before), &names, (table, "input"));
        let op = match draft.op {
            DraftOp::Ready(op) => Some(*op),
            DraftOp::Add { skip, bits } => {
                look_up(&skip, &names, (table, "skip")).map(|skip| OpDef::Add(Add { skip, bits }))
            }
        };
        names.push(draft.name.clone());
        before.clone_from(&draft.name);
        defs.push(input.zip(op).map(|(input, op)| LayerDef { name: draft.name, input, op }));
    }
    defs.into_iter().collect()
}

/// The layer of this name, or the network's input; `names` are those of the input and the layers so far.
fn look_up(name: &str, names: &[String], (table, key): (&Table<'_>, &str)) -> Option<LayerInput> {
    // Of two layers with one name, which is an error told elsewhere, the later.
    let Some(place) = names.iter().rposition(|known| known == name) else {
        table.fault(key, Problem::new("no earlier layer has this name").legal(listed(names)));
        return None;
    };
    Some(place.checked_sub(1).map_or(LayerInput::Network, |earlier| LayerInput::Layer(LayerId(earlier))))
}

fn listed(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Puts an error of the network where the text is at fault.
fn tell(error: &NetworkError, root: &Table<'_>, tables: &[Table<'_>]) {
    let NetworkError::Layer { layer, fault, .. } = error else {
        let key = if *error == NetworkError::Empty { "layers" } else { "input" };
        return root.fault(key, error.to_string());
    };
    let Some(table) = tables.get(layer.0) else {
        return root.fault("layers", error.to_string());
    };
    let problem = if let LayerFault::OutOfRange { low, high, .. } = **fault {
        Problem::new("out of range").legal(format!("{low}..={high}"))
    } else if **fault == LayerFault::LogitsNotLast {
        Problem::new(fault.to_string()).hint("without `activation_bits` a layer gives logits")
    } else {
        Problem::new(fault.to_string())
    };
    match key_of(fault) {
        Some(key) => table.fault(key, problem),
        None => table.fault_here(problem),
    }
}

fn key_of(fault: &LayerFault) -> Option<&'static str> {
    match fault {
        LayerFault::Name | LayerFault::NameTaken => Some("name"),
        LayerFault::InputNotEarlier => Some("input"),
        LayerFault::SkipNotEarlier | LayerFault::UnequalOperands { .. } => Some("skip"),
        LayerFault::WideSums { .. } => Some("kernel"),
        LayerFault::OutOfRange { field, .. } => Some(field),
        LayerFault::WindowTooLarge { .. } => Some("kernel"),
        LayerFault::PaddedSignedPool => Some("padding"),
        LayerFault::LogitsNotLast | LayerFault::NoLogits | LayerFault::LogitsMap { .. } => Some("activation_bits"),
        LayerFault::Unread
        | LayerFault::SignedSum
        | LayerFault::TooLarge { .. }
        | LayerFault::SumsTooLarge { .. }
        | LayerFault::NoTensors
        | LayerFault::Tensor(_) => None,
    }
}

fn read_provenance(root: &Table<'_>, table: Option<Table<'_>>, files: &TraceFiles) -> Option<Provenance> {
    let has_images = files.samples.is_some() || files.calibration.is_some();
    let Some(table) = table else {
        if has_images {
            let problem = Problem::new("missing key: images are there, but not where they come from");
            root.fault("provenance", problem.legal("a table with `data_set` and `licence`"));
            return None;
        }
        return Some(Provenance::default());
    };
    // Whoever hands on images must say whose they are.
    let text = |key: &str| {
        if has_images { table.string(key).map(Some) } else { table.optional_string(key) }
    };
    let (data_set, licence) = (text("data_set"), text("licence"));
    let command = table.optional_string("command");
    let recipe = table.optional_string("recipe");
    let seed = table.optional_integer("seed", 0..=i64::MAX);
    let notes = table.optional_string("notes");
    let accuracies = table.optional_table("accuracies");
    let accuracies = accuracies.and_then(|table| match table {
        Some(table) => read_accuracies(&table).map(Some),
        None => Some(None),
    });
    Some(Provenance {
        data_set: data_set?,
        licence: licence?,
        command: command?,
        recipe: recipe?,
        seed: seed?,
        accuracies: accuracies?,
        notes: notes?,
    })
}

fn read_accuracies(table: &Table<'_>) -> Option<Accuracies> {
    let part = Interval::closed(0.0, 1.0);
    let images = table.integer("images", 1..=i64::MAX);
    let float = table.optional_number("float", part);
    let fake_quantised = table.optional_number("fake_quantised", part);
    let integer = table.optional_number("integer", part);
    Some(Accuracies { images: images?, float: float?, fake_quantised: fake_quantised?, integer: integer? })
}
