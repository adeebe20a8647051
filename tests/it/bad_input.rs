//! Users' mistakes: a clear error, exit code 2, nothing half-written.

use std::fs;

use crate::support::{copy_of, refusal, replace, root};

const TRACE: &str = "traces/fmnist-cnn-w2a2";
const ARCH: &str = "arch-configs/isaac-2016";

/// What is told of a copy of the ISAAC design in which `old` became `new`.
fn with_arch(old: &str, new: &str) -> String {
    let design = copy_of(ARCH);
    replace(&design.path().join("arch.toml"), old, new);
    refusal(&["simulate", design.path().to_str().expect("UTF-8"), TRACE])
}

fn assert_tells(told: &str, parts: &[&str]) {
    for part in parts {
        assert!(told.contains(part), "`{part}` is missing in:\n{told}");
    }
}

#[test]
fn an_unknown_key_is_told_with_its_line_and_what_may_be_meant() {
    let told = with_arch("[adc]\n", "[adc]\nresolutoin = 8\n");
    assert_tells(&told, &["arch.toml", "adc.resolutoin", "unknown", "^"]);
}

#[test]
fn an_adc_of_no_bits_is_told_with_the_legal_range() {
    let design = copy_of(ARCH);
    let path = design.path().join("arch.toml");
    let text = fs::read_to_string(&path).expect("readable");
    let (before, after) = text.split_once("[adc]").expect("a section for the ADC");
    fs::write(&path, format!("{before}[adc]{}", after.replacen("bits = 8", "bits = 0", 1))).expect("writable");
    let told = refusal(&["simulate", design.path().to_str().expect("UTF-8"), TRACE]);
    assert_tells(&told, &["adc.bits", "0", "1", "24", "arch.toml"]);
}

#[test]
fn three_bit_cells_on_a_two_bit_device_are_refused() {
    let design = copy_of(ARCH);
    let path = design.path().join("arch.toml");
    let text = fs::read_to_string(&path).expect("readable");
    let (before, after) = text.split_once("[cell]").expect("a section for the cell");
    fs::write(&path, format!("{before}[cell]{}", after.replacen("bits = 2", "bits = 3", 1))).expect("writable");
    let told = refusal(&["simulate", design.path().to_str().expect("UTF-8"), TRACE]);
    assert_tells(&told, &["cell.bits", "device"]);
}

#[test]
fn all_faults_are_told_at_once() {
    let design = copy_of(ARCH);
    let path = design.path().join("arch.toml");
    replace(&path, "[adc]\n", "[adc]\nresolutoin = 8\n");
    replace(&path, "[tile]\n", "[tile]\nfloors = 3\n");
    let told = refusal(&["simulate", design.path().to_str().expect("UTF-8"), TRACE]);
    assert_tells(&told, &["resolutoin", "floors"]);
}

#[test]
fn a_truncated_tensor_file_is_named() {
    let trace = copy_of(TRACE);
    let tensors = trace.path().join("tensors.safetensors");
    let bytes = fs::read(&tensors).expect("readable");
    fs::write(&tensors, &bytes[..bytes.len() / 2]).expect("writable");
    let told = refusal(&["simulate", ARCH, trace.path().to_str().expect("UTF-8")]);
    assert_tells(&told, &["tensors.safetensors"]);
}

#[test]
fn a_trace_for_another_input_size_is_refused() {
    let trace = copy_of(TRACE);
    replace(&trace.path().join("trace.toml"), "[1, 28, 28]", "[1, 32, 32]");
    let told = refusal(&["simulate", ARCH, trace.path().to_str().expect("UTF-8")]);
    assert_tells(&told, &["samples.safetensors", "[2000, 1, 28, 28]", "legal: [2000, 1, 32, 32]"]);
}

#[test]
fn results_that_cannot_be_written_are_refused_before_the_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let taken = folder.path().join("taken");
    fs::write(&taken, "mine").expect("writable");
    let told = refusal(&["simulate", ARCH, TRACE, "--out", taken.to_str().expect("UTF-8")]);
    assert_tells(&told, &["taken", "cannot be written", "hint"]);
    assert_eq!(fs::read_to_string(&taken).expect("still there"), "mine");
}

#[test]
fn a_failed_run_leaves_nothing_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out");
    let told = refusal(&["simulate", ARCH, "traces/nowhere", "--out", out.to_str().expect("UTF-8")]);
    assert_tells(&told, &["traces/nowhere", "hint"]);
    assert!(!out.exists());
}

#[test]
fn a_network_that_does_not_fit_is_told_with_the_tiles_it_needs_and_the_line_that_gives_fewer() {
    let design = fs::read_to_string(root().join("arch-configs/toy/arch.toml")).expect("readable");
    let line = 1 + design.lines().position(|line| line == "tiles = 4").expect("a number of tiles");
    let place = format!("arch-configs/toy/arch.toml:{line}");
    for command in ["map", "simulate", "buffers"] {
        let told = refusal(&[command, "arch-configs/toy", "traces/shapes/vgg11-32"]);
        assert_tells(&told, &["needs 1130 tiles", &place, "chip.tiles", "^", "hint"]);
    }
    let out = tempfile::tempdir().expect("a folder");
    let told = refusal(&[
        "compare",
        "arch-configs/toy",
        "traces/shapes/vgg11-32",
        "--out",
        out.path().join("out").to_str().expect("UTF-8"),
    ]);
    assert_tells(&told, &["needs 1130 tiles", &place, "chip.tiles", "^", "hint"]);
}

#[test]
fn a_buffer_that_is_too_small_is_told_with_its_line_also_in_a_design_that_extends_another() {
    let folder = tempfile::tempdir().expect("a folder");
    let base = root().join(ARCH);
    let text = format!("extends = {base:?}\n[ima.input_register]\ncapacity_bytes = 16\n");
    fs::write(folder.path().join("arch.toml"), text).expect("written");
    let told = refusal(&["simulate", folder.path().to_str().expect("UTF-8"), "traces/shapes/vgg11-32"]);
    assert_tells(&told, &["arch.toml:3", "ima.input_register.capacity_bytes", "16 bytes", "conv"]);
}

#[test]
fn a_sweep_over_an_unknown_key_is_refused_before_any_point_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    let sweep = folder.path().join("sweep.toml");
    let text = format!(
        "architecture = \"{0}/arch-configs/isaac-2016\"\ntrace = \"{0}/traces/fmnist-cnn-w2a2\"\n[axes]\n\"arch.adc.bitts\" = [4]\n",
        root().display()
    );
    fs::write(&sweep, text).expect("writable");
    let out = folder.path().join("out");
    let told = refusal(&["sweep", sweep.to_str().expect("UTF-8"), "--out", out.to_str().expect("UTF-8")]);
    assert_tells(&told, &["adc.bitts", "sweep.toml"]);
    assert!(!out.exists());
}

#[test]
fn cells_that_cannot_be_are_told_with_the_legal_range() {
    let told = with_arch("\n[cell]\n", "\n[cell]\nvariation = { model = \"gaussian-of-range\", sigma = -0.1 }\n");
    assert_tells(&told, &["cell.variation.sigma", "-0.1", "legal", "arch.toml:", "hint: a standard deviation"]);
    let told = with_arch("on_off_ratio = \"infinite\"", "on_off_ratio = 1.0");
    assert_tells(&told, &["cell.on_off_ratio", "legal", "1", "arch.toml:", "hint: "]);
}

#[test]
fn ranges_that_cannot_be_found_are_told() {
    let told = with_arch("high_percentile = 100.0", "high_percentile = 101.0");
    assert_tells(&told, &["adc.high_percentile", "legal: 0 <= x <= 100", "arch.toml:", "hint: "]);
    let (design, trace) = (copy_of(ARCH), copy_of(TRACE));
    replace(&design.path().join("arch.toml"), "\"lossless-step\"", "\"calibrated\"");
    fs::remove_file(trace.path().join("calibration.safetensors")).expect("it was there");
    let path = |folder: &std::path::Path| folder.to_str().expect("UTF-8").to_owned();
    let told = refusal(&["simulate", &path(design.path()), &path(trace.path())]);
    assert_tells(&told, &["`adc.range = \"calibrated\"`", "arch.toml:", "hint: ", "calibration.safetensors"]);
}

#[test]
fn a_sum_beyond_what_integers_hold_is_told_at_what_makes_it() {
    let told = with_arch("\n[cell]\n", "\n[cell]\nvariation = { model = \"lognormal\", sigma = 10.0 }\n");
    assert_tells(&told, &["`cell.variation.sigma = 10", "layer `conv1`", "beyond", "arch.toml:", "hint: "]);
}

#[test]
fn arrays_that_networks_do_not_read_are_told_at_what_makes_them() {
    let design = copy_of(ARCH);
    let arch = design.path().join("arch.toml");
    replace(&arch, "\n[cell]\n", "\n[cell]\ncurrent_voltage = [{ coefficients = [0.9, 0.0, 0.1] }]\n");
    replace(&arch, "\n[crossbar]\n", "\n[crossbar]\nwire_resistance_ohm = 1.0\n");
    let told = refusal(&["simulate", design.path().to_str().expect("UTF-8"), TRACE]);
    assert_tells(&told, &["`cell.current_voltage", "arch.toml:", "no matrix", "hint: "]);
    let told = with_arch("\n[dac]\nbits = 1", "\n[dac]\ninl_lsb = [0, 0.1, 0, 0]\nbits = 2");
    assert_tells(&told, &["`dac.inl_lsb = [0, 0.1, 0, 0]`", "arch.toml:", "hint: "]);
}

#[test]
fn wires_through_which_nothing_can_be_read_are_told() {
    let told = with_arch("\n[crossbar]\n", "\n[crossbar]\nwire_resistance_ohm = 1e6\n");
    assert_tells(
        &told,
        &["crossbar.wire_resistance_ohm", "farthest cell", "arch.toml:", "legal: ", "hint: such an array"],
    );
}

#[test]
fn pairs_of_a_network_without_any_are_told() {
    let told = with_arch("\n[mapping]\n", "\n[mapping]\npairs = \"analog\"\n");
    assert_tells(&told, &["`mapping.pairs = \"analog\"`", "arch.toml:", "has no pairs", "hint: ", "`digital`"]);
    let told = with_arch("\n[mapping]\n", "\n[mapping]\npairs = \"analogue\"\n");
    assert_tells(&told, &["mapping.pairs", "arch.toml:", "legal: `digital`, `analog`"]);
}

#[test]
fn a_pair_without_its_tensors_is_told() {
    let trace = copy_of(TRACE);
    let path = trace.path().join("trace.toml");
    let text = fs::read_to_string(&path).expect("readable");
    fs::write(&path, text.replacen("\"biased\"", "\"pair\"", 1)).expect("writable");
    let told = refusal(&["simulate", ARCH, trace.path().to_str().expect("UTF-8")]);
    assert_tells(&told, &["tensors.safetensors", "codes_pos"]);
}

#[test]
fn a_build_without_training_says_how_to_get_it() {
    // With the feature the recipe that is not there is refused instead.
    let told = refusal(&["train", "nowhere.toml", "--out", "nowhere"]);
    let wanted = if cfg!(feature = "train") { "nowhere.toml" } else { "--features train" };
    assert_tells(&told, &[wanted]);
}
