//! All faults of a recipe are told at once.

use expect_test::expect;
use proptest::prelude::*;
use rebias_config::{Document, Faults};
use rebias_recipe::Recipe;

const GOOD: &str = include_str!("../../../../traces/recipes/fmnist-cnn-w2a2.toml");

fn parse(source: &str, text: &str) -> Result<Recipe, Faults> {
    Recipe::parse(&Document::parse(source, text)?)
}

#[test]
fn the_recipe_of_the_shipped_trace_is_valid() {
    assert_eq!(parse("recipe.toml", GOOD).unwrap().name, "fmnist-cnn-w2a2");
}

#[test]
fn the_recipe_of_the_docs_is_valid() {
    let page = include_str!("../../../../docs/training.md");
    let (_, after) = page.split_once("```toml\n").unwrap();
    let (recipe, _) = after.split_once("```").unwrap();
    assert_eq!(parse("training.md", recipe).unwrap().name, "my-network");
    // What stands there commented out.
    let family = recipe.replace("layers = ", "# layers = ").replace("# family", "family").replace("# width", "width");
    parse("training.md", &family.replace("# classes", "classes")).unwrap();
}

#[test]
fn shipped_recipes_are_valid() {
    for text in [
        include_str!("../../../../traces/recipes/cifar10-vgg11-quarter.toml"),
        include_str!("../../../../traces/recipes/fmnist-chip-ideal.toml"),
        include_str!("../../../../traces/recipes/fmnist-chip-noise.toml"),
        include_str!("../../../../traces/recipes/fmnist-chip-adc4.toml"),
        include_str!("../../../../traces/recipes/fmnist-cnn-short.toml"),
        include_str!("../../../../traces/recipes/fmnist-cnn-smoke.toml"),
    ] {
        parse("recipe.toml", text).unwrap();
    }
}

#[test]
fn every_fault_has_line_key_value_and_legal_range() {
    let text = GOOD
        .replace("seed = 1", "seed = -1")
        .replace("weight_bits = 2", "weight_bits = 9")
        .replace("\"conv 48\"", "\"conv16\"")
        .replace("batch = 100", "batches = 100")
        .replace("fixed_beta_steps = 2000", "fixed_beta_steps = 15000");
    let faults = parse("recipe.toml", &text).unwrap_err();
    let told: Vec<String> = faults
        .iter()
        .map(|fault| {
            let shown = [fault.key(), fault.value(), Some(fault.problem()), fault.legal(), fault.hint()];
            format!("{} {}", fault.line().unwrap(), shown.map(|part| part.unwrap_or("-")).join(" | "))
        })
        .collect();
    expect![[r#"
        5 seed | -1 | out of range | 0.. | -
        18 network.layers | "conv16" | not a layer | `conv N`, `pool`, `linear N`, with N in 1..=4096 | -
        21 quantisation.weight_bits | 9 | out of range | 1..=8 | -
        27 training.batch | - | missing key | 2..=100000 | -
        28 training.batches | 100 | unknown key | - | did you mean `batch`?
        47 training.fine_tune.fixed_beta_steps | 15000 | more than all steps | 1..=8000 | -"#]]
    .assert_eq(&told.join("\n"));
}

#[test]
fn a_form_has_its_widths_and_scales() {
    let told = |lines: &str| -> Vec<String> {
        let text = GOOD.replace("weight_bits = 2\nactivation_bits = 2\n", &format!("{lines}\nactivation_bits = 2\n"));
        let faults = parse("recipe.toml", &text).unwrap_err();
        let shown =
            |key: Option<&str>, legal: Option<&str>| format!("{} | {}", key.unwrap_or("-"), legal.unwrap_or("-"));
        faults.iter().map(|fault| shown(fault.key(), fault.legal())).collect()
    };
    assert_eq!(told("form = \"ttq\"\nweight_bits = 3"), ["quantisation.weight_bits | 2..=2 for this `form`"]);
    assert_eq!(told("form = \"bwn\"\nweight_bits = 2"), ["quantisation.weight_bits | 1..=1 for this `form`"]);
    assert_eq!(told("form = \"lsq\"\nscales = \"channel\"\nweight_bits = 2"), ["quantisation.scales | `layer`"]);
}

#[test]
fn a_network_ends_in_its_only_linear_layer() {
    for layers in [r#"["conv 4", "pool"]"#, r#"["linear 4", "linear 10"]"#, "[]"] {
        let start = GOOD.find("layers = ").unwrap();
        let end = start + GOOD[start..].find('\n').unwrap();
        let text = format!("{}layers = {layers}{}", &GOOD[..start], &GOOD[end..]);
        let faults = parse("recipe.toml", &text).unwrap_err();
        let problems: Vec<_> = faults.iter().map(|fault| fault.problem()).collect();
        assert_eq!(problems, ["the last layer, and no other, must be linear"], "{layers}");
    }
}

#[test]
fn a_family_says_its_layers() {
    let start = GOOD.find("layers = ").unwrap();
    let end = start + GOOD[start..].find('\n').unwrap();
    let with = |lines: &str| parse("recipe.toml", &format!("{}{lines}{}", &GOOD[..start], &GOOD[end..]));
    assert!(with("family = \"vgg-11\"\nclasses = 10").is_ok());
    assert!(with("family = \"vgg-small\"\nwidth = 0.25\nclasses = 10").is_ok());
    let told = |lines: &str| -> Vec<String> {
        let part = |part: Option<&str>| part.unwrap_or("-").to_owned();
        let faults = with(lines).unwrap_err();
        faults.iter().map(|fault| format!("{} | {}", part(fault.key()), part(fault.legal()))).collect()
    };
    let families = "network.family | `vgg-11`, `vgg-13`, `vgg-19`, `vgg-small`";
    assert!(told("family = \"vgg-16\"\nclasses = 10").contains(&families.to_owned()));
    assert_eq!(told("family = \"vgg-11\"\nclasses = 1"), ["network.classes | 2..=256"]);
    assert_eq!(told("family = \"vgg-11\"\nwidth = 0.0\nclasses = 10"), ["network.width | 0.01 <= x <= 4"]);
    assert_eq!(told("family = \"vgg-11\"\nclasses = 10\nlayers = [\"linear 10\"]"), ["network.layers | -"]);
}

#[test]
fn a_checksum_is_a_line_of_sha256sum() {
    let text = GOOD.replace("held_out", "sha256 = [\"abc  train.bin\"]\nheld_out");
    let faults = parse("recipe.toml", &text).unwrap_err();
    let told: Vec<_> = faults.iter().map(|fault| (fault.key(), fault.problem())).collect();
    assert_eq!(told, [(Some("data.sha256"), "not a checksum")]);
    // A name that is misspelt would never be looked at.
    let with = |name: &str| {
        let line = format!("{}  {name}", "0".repeat(64));
        parse("recipe.toml", &GOOD.replace("held_out", &format!("sha256 = [\"{line}\"]\nheld_out")))
    };
    assert!(with("train-images-idx3-ubyte.gz").is_ok());
    let faults = with("train-image-idx3-ubyte.gz").unwrap_err();
    let legal = faults.iter().next().and_then(|fault| fault.legal()).unwrap();
    assert!(legal.contains("`train-images-idx3-ubyte`") && legal.contains("`t10k-labels-idx1-ubyte`"), "{legal}");
}

#[test]
fn faults_of_the_hardware_are_told_with_what_is_legal() {
    let told = |form: &str, hardware: &str| -> Vec<String> {
        let text = GOOD.replace("[quantisation]", &format!("[quantisation]\nform = \"{form}\""));
        let faults = parse("recipe.toml", &format!("{text}\n[hardware]\n{hardware}")).unwrap_err();
        let part = |part: Option<&str>| part.unwrap_or("-").to_owned();
        faults.iter().map(|fault| format!("{} | {}", part(fault.key()), part(fault.legal()))).collect()
    };
    let array = "cell_bits = 2\nword_lines = 128\n";
    assert_eq!(told("biased", "cell_bits = 9"), ["hardware.word_lines | 1..=65536", "hardware.cell_bits | 1..=8"]);
    assert_eq!(told("biased", &format!("{array}bias_level = 4")), ["hardware.bias_level | 1..=3"]);
    assert_eq!(told("biased", &format!("{array}weight_noise = 2.0")), ["hardware.weight_noise | 0 <= x <= 1"]);
    let stuck = told("biased", &format!("{array}stuck_cells = {{ lrs = 0.75, hrs = 0.5 }}"));
    assert_eq!(stuck, ["hardware.stuck_cells.hrs | 0 <= x <= 0.25"]);
    let sums = format!("{array}partial_sums = {{ adc_bits = 4, dac_bits = 1, range = \"full\" }}");
    let ranges = "hardware.partial_sums.range | `full-scale`, `lossless-step`, `calibrated`";
    assert_eq!(told("biased", &sums), [ranges]);
    assert_eq!(told("lsq", &sums.replace("\"full\"", "\"full-scale\"")), ["hardware | a form of one column"]);
}

proptest! {
    #[test]
    fn prop_no_text_panics(key in "[a-z_.]{1,12}", value in "\\PC{0,20}", line in 0usize..50) {
        let mut lines: Vec<String> = GOOD.lines().map(str::to_owned).collect();
        lines.insert(line.min(lines.len()), format!("{key} = {value}"));
        let _ = parse("recipe.toml", &lines.join("\n"));
        let _ = parse("recipe.toml", &value);
    }
}
