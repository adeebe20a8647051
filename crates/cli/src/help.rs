//! The examples under each command's help; a test runs them.

pub(crate) const REBIAS: &str = "Examples:
  rebias init my-chip
  rebias simulate arch-configs/isaac-2016 traces/fmnist-cnn-w2a2
  rebias validate

`rebias help COMMAND` has examples for each command.
Exit codes: 0 done, 1 the run failed, 2 the input is wrong, 130 interrupted.";

pub(crate) const SIMULATE: &str = "Examples:
  rebias simulate arch-configs/isaac-2016 traces/fmnist-cnn-w2a2
  rebias simulate arch-configs/isaac-2016 traces/fmnist-cnn-w2a2 --images 50 --chips 3 --format json
  rebias simulate arch-configs/isaac-2016 traces/shapes/vgg11-32 --out results
  rebias simulate arch-configs/isaac-2016 traces/shapes/mlp-28 --stream 4 --timeline timeline.json";

pub(crate) const MAP: &str = "Examples:
  rebias map arch-configs/isaac-2016 traces/fmnist-cnn-w2a2";

pub(crate) const BUFFERS: &str = "Examples:
  rebias buffers arch-configs/isaac-2016 traces/fmnist-cnn-w2a2
  rebias buffers arch-configs/isaac-2016 traces/shapes/mlp-28 --schedule layer-by-layer";

pub(crate) const MVM: &str = "Examples:
  rebias mvm --arch arch-configs/toy --weights weights.npy --inputs inputs.npy --out products.npy
  rebias mvm --arch arch-configs/toy --weights weights.npy --inputs inputs.npy --out products.npy --trace-adc codes.npy

In Python: numpy.save(\"weights.npy\", codes) with codes of any integer type.";

pub(crate) const SWEEP: &str = "Examples:
  rebias sweep arch-configs/sweeps/cell-adc.toml --out results

On several machines with a folder in common:
  rebias sweep plan arch-configs/sweeps/cell-adc.toml --out shared --shards 2
  rebias sweep run shared --shard 1/2
  rebias sweep run shared --shard 2/2
  rebias sweep status shared
  rebias sweep collect shared

Interrupted by Ctrl-C, a sweep finishes the points in hand and ends with exit code 130; the same command again, or
`rebias sweep resume`, computes what is missing. Collecting where points are missing ends with exit code 1.";

pub(crate) const ATTRIBUTE: &str = "Examples:
  rebias attribute arch-configs/generic-1t1r-aged traces/fmnist-cnn-w2a2 --images 9 --chips 2
  rebias attribute arch-configs/isaac-2016 traces/fmnist-cnn-w2a2 --images 20 --out losses";

pub(crate) const PLOT: &str = "Examples:
  rebias plot docs/data/cell-adc.csv --out accuracy.svg
  rebias plot docs/data/cell-adc.csv --chart pareto --by arch.cell.bits --out front.svg
  rebias plot docs/data/cell-adc.csv arch-configs/plots/accuracy.toml --out accuracy.svg

Without a TOML or options, the table's own columns say what is drawn. `rebias init DIR --kind plot` writes a commented
TOML.";

pub(crate) const REPORT: &str = "Examples:
  rebias report results --out report.html

Before it, for example: rebias simulate arch-configs/isaac-2016 traces/fmnist-cnn-w2a2 --out results";

pub(crate) const VALIDATE: &str = "Examples:
  rebias validate
  rebias validate arch-configs/isaac-2016 --format json";

pub(crate) const TRAIN: &str = "Examples:
  rebias train traces/recipes/fmnist-cnn-w2a2.toml --out my-network";

pub(crate) const COMPARE: &str = "Examples:
  rebias compare arch-configs/isaac-2016 traces/fmnist-cnn-w2a2 --out compared --images 20
  rebias compare arch-configs/isaac-2016 traces/fmnist-cnn-w2a2 --out compared --images 20 --adc-bits 6,8 --sigma 0,10";

pub(crate) const STUDY: &str = "Examples:
  rebias study traces/recipes/forms-w2a2.toml --out forms
  rebias study traces/recipes/forms-w2a2.toml --out forms --seeds 1,2";

pub(crate) const CHECK: &str = "Examples:
  rebias check arch-configs/isaac-2016
  rebias check arch-configs/sweeps/cell-adc.toml traces/fmnist-cnn-w2a2/trace.toml
  rebias check traces/recipes/forms-w2a2.toml";

pub(crate) const INIT: &str = "Examples:
  rebias init my-chip
  rebias init my-chip --kind expected
  rebias init my-network --kind recipe";

pub(crate) const SCHEMA: &str = "Examples:
  rebias schema arch
  rebias schema costs --format markdown
  rebias schema --out schemas

Editors with Taplo, such as VS Code with Even Better TOML, complete and check a file whose first line is
`#:schema schemas/arch.schema.json`.";

pub(crate) const COMPLETIONS: &str = "Examples:
  rebias completions bash
  rebias completions zsh
  rebias completions fish

Bash reads them from ~/.local/share/bash-completion/completions/rebias, zsh from a file `_rebias` in its fpath, fish from
~/.config/fish/completions/rebias.fish.";
