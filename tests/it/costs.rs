//! Costs of whole runs: nothing is lost between parts, layers and totals, and models stand beside each other.

use std::fs;
use std::path::Path;

use crate::support::{copy_of, replace, root, stdout};

const TRACE: &str = "traces/fmnist-cnn-w2a2";

fn json(arch: &str) -> serde_json::Value {
    let printed = stdout(&["simulate", arch, TRACE, "--images", "2", "--format", "json"]);
    serde_json::from_str(&printed).expect("JSON")
}

fn number(value: &serde_json::Value) -> f64 {
    value.as_f64().expect("a number")
}

/// Sum of a column of a CSV file, over the rows that `takes` by their first field.
fn sum(file: &Path, column: &str, takes: fn(&str) -> bool) -> f64 {
    let mut reader = csv::Reader::from_path(file).expect("written");
    let place = reader.headers().expect("a header").iter().position(|name| name == column).expect("the column");
    let rows = reader.records().map(|row| row.expect("a row")).filter(|row| takes(&row[0]));
    rows.map(|row| row[place].parse::<f64>().expect("a number")).sum()
}

#[test]
fn pair_parts_and_layers_with_static_energy_sum_to_an_images_energy() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().to_str().expect("UTF-8");
    stdout(&["simulate", "arch-configs/isaac-2016", TRACE, "--images", "2", "--out", out]);
    let file = |name| folder.path().join(name);
    let total = sum(&file("summary.csv"), "energy_uj", |_| true);
    let dynamic = sum(&file("components.csv"), "dynamic_uj", |_| true);
    let standing = sum(&file("components.csv"), "static_gated_uj", |_| true);
    let layers = sum(&file("layers.csv"), "energy_uj", |_| true);
    let close = |left: f64, right: f64| assert!((left / right - 1.0).abs() < 1e-9, "{left} is not {right} µJ");
    close(dynamic + standing, total);
    close(layers, dynamic);
    close(sum(&file("energy.csv"), "energy_uj", |_| true), total);
    close(sum(&file("energy.csv"), "energy_uj", |layer| layer.is_empty()), standing);
    close(
        sum(&file("energy.csv"), "energy_uj", |layer| layer == "conv2"),
        sum(&file("layers.csv"), "energy_uj", |layer| layer == "conv2"),
    );
}

#[test]
fn the_band_holds_the_default_and_every_model_with_a_value() {
    let result = json("arch-configs/isaac-2016");
    let models = result["adc_models"].as_array().expect("a list");
    let energies: Vec<_> = models.iter().map(|model| number(&model["energy_uj"])).collect();
    assert_eq!(models.len(), 3);
    assert_eq!(energies[0], number(&result["energy_uj"]), "the default is the first");
    let (low, high) = (number(&result["energy_low_uj"]), number(&result["energy_high_uj"]));
    assert!(low < high);
    assert!(energies.iter().all(|energy| (low..=high).contains(energy)), "{energies:?}");
    assert!(number(&result["tops_per_w_low"]) < number(&result["tops_per_w_high"]));
}

#[test]
fn a_model_without_a_value_stays_out_of_the_band() {
    let design = copy_of("arch-configs/isaac-2016");
    replace(&design.path().join("arch.toml"), "bits = 8                        # 8 bits suffice", "bits = 7  #");
    let result = json(design.path().to_str().expect("UTF-8"));
    let kull = &result["adc_models"][2];
    assert_eq!((kull["name"].as_str(), kull["bits"].as_str()), (Some("kull-2013"), Some("8")));
    assert!(kull["energy_uj"].is_null() && kull["tops_per_w"].is_null(), "{kull}");
}

#[test]
fn another_default_prices_by_its_own_numbers() {
    let isaac = json("arch-configs/isaac-2016");
    let design = copy_of("arch-configs/isaac-2016");
    replace(&design.path().join("costs.toml"), "default = \"isaac-scaling\"", "default = \"kull-2013\"");
    let result = json(design.path().to_str().expect("UTF-8"));
    assert_eq!(result["adc_model"], "kull-2013");
    assert_eq!(result["energy_uj"], isaac["adc_models"][2]["energy_uj"]);
    assert_eq!(result["energy_low_uj"], isaac["energy_low_uj"]);
}

#[test]
fn a_read_that_no_column_bears_is_simulated_with_a_warning() {
    let design = copy_of("arch-configs/isaac-2016");
    let path = design.path().to_str().expect("UTF-8");
    assert_eq!(json(path)["warnings"], serde_json::json!([]));
    replace(&design.path().join("arch.toml"), "read_voltage_v = 0.2 ", "read_voltage_v = 0.5 ");
    let result = json(path);
    let warnings = result["warnings"].as_array().expect("a list");
    assert!(warnings[0].as_str().expect("text").starts_with("a column may carry 640 µA"), "{warnings:?}");
    let text = stdout(&["simulate", path, TRACE, "--images", "2"]);
    assert!(text.contains("warning: a column may carry 640 µA, above its limit of 500 µA\n"), "{text}");
    assert!(text.contains("hint: drive fewer word lines"), "{text}");
}

#[test]
fn reads_cost_what_the_densities_of_bits_say_or_the_bits_of_a_real_trace() {
    let scratch = tempfile::tempdir().expect("a folder");
    let design = scratch.path().join("arch.toml");
    let base = root().join("arch-configs/generic-1t1r");
    fs::write(&design, format!("extends = {base:?}\n[cell]\nread_energy = \"data-dependent\"\n")).expect("written");
    let reads = |trace: &Path| {
        let (design, out) = (design.to_str().expect("UTF-8"), scratch.path().join("out"));
        let out_name = out.to_str().expect("UTF-8");
        stdout(&["simulate", design, trace.to_str().expect("UTF-8"), "--images", "2", "--out", out_name]);
        sum(&out.join("components.csv"), "dynamic_uj", |component| component == "crossbars")
    };
    let with_densities = |trace: &str, inputs: f64, weights: f64| {
        let copy = copy_of(trace);
        let densities = format!("input_density = {inputs}\nweight_density = {weights}\nformat_version");
        replace(&copy.path().join("trace.toml"), "format_version", &densities);
        reads(copy.path())
    };
    let shape = |inputs, weights| with_densities("traces/shapes/conv16", inputs, weights);
    let half = shape(0.5, 0.5);
    assert_eq!(half, reads(&root().join("traces/shapes/conv16")), "half of the bits are ones if nothing is said");
    // Inputs of a bit: half as many ones drive half as many cells. Level 0 conducts a little.
    assert!((2.0 * shape(0.25, 0.5) / half - 1.0).abs() < 1e-9);
    assert!((0.5..0.6).contains(&(shape(0.5, 0.25) / half)), "{} of {half}", shape(0.5, 0.25));
    // What a trace with values conducts is counted.
    let real = reads(&root().join(TRACE));
    assert!(real > 0.0);
    assert_eq!(with_densities(TRACE, 0.01, 0.01), real);
}

#[test]
fn a_table_that_does_not_say_how_cells_are_programmed_has_no_load() {
    let isaac = json("arch-configs/isaac-2016");
    // 8.5 pulses of 10 pJ with a read of 2 pJ each, for every cell.
    let cells = number(&isaac["programming_uj"]) / (8.5 * 12e-6);
    assert!((cells - cells.round()).abs() < 1e-3 && cells > 1e6, "{cells} cells");
    let design = copy_of("arch-configs/isaac-2016");
    let costs = design.path().join("costs.toml");
    let text = fs::read_to_string(&costs).expect("readable");
    let (start, end) = (text.find("[programming]").expect("a table"), text.find("[limits]").expect("a table"));
    fs::write(&costs, format!("{}{}", &text[..start], &text[end..])).expect("writable");
    let result = json(design.path().to_str().expect("UTF-8"));
    assert!(result["programming_uj"].is_null() && result["programming_us"].is_null());
    assert_eq!(result["energy_uj"], isaac["energy_uj"], "loading is no part of an image");
}

#[test]
fn a_calibrated_bias_has_its_price_beside_an_images() {
    let design = |keys: &str| {
        let folder = tempfile::tempdir().expect("a folder");
        let base = root().join("arch-configs/generic-1t1r");
        let text = format!("extends = {base:?}\n[mapping.bias.calibration]\nadc_bits = 8\n{keys}");
        fs::write(folder.path().join("arch.toml"), text).expect("written");
        folder
    };
    let json = |design: &tempfile::TempDir| json(design.path().to_str().expect("UTF-8"));
    let plain = json(&design("mode = \"off\""));
    for key in ["calibration_uj", "calibration_us", "calibration_registers", "recalibration_uj"] {
        assert!(plain[key].is_null(), "{key}");
    }
    let once = json(&design(""));
    assert!(number(&once["calibration_uj"]) > 0.0 && number(&once["calibration_us"]) > 0.0);
    assert!(number(&once["calibration_registers"]) > 1000.0 && once["recalibration_uj"].is_null());
    let hourly = design("recalibration_interval_s = 3600");
    let again = json(&hourly);
    let share = number(&once["calibration_uj"]) * number(&once["interval_us"]) / 3.6e9;
    assert!((number(&again["recalibration_uj"]) / share - 1.0).abs() < 1e-9);
    assert_eq!(again["energy_uj"], once["energy_uj"], "it is no part of an image");

    let (path, out) = (hourly.path().to_str().expect("UTF-8"), hourly.path().join("out"));
    let text = stdout(&["simulate", path, TRACE, "--images", "2", "--out", out.to_str().expect("UTF-8")]);
    assert!(text.contains(" recalibration        each 3600 s: "), "{text}");
    let csv = fs::read_to_string(out.join("summary.csv")).expect("written");
    let mut rows = csv.lines().map(|row| row.split(',').map(str::to_owned).collect::<Vec<_>>());
    let (names, values) = (rows.next().expect("a header"), rows.next().expect("a row"));
    let column = |name: &str| values[names.iter().position(|it| it == name).expect("a column")].clone();
    assert_eq!(column("calibration_uj"), again["calibration_uj"].to_string());
    assert_eq!(column("recalibration_uj").parse(), Ok(number(&again["recalibration_uj"])));
}

#[test]
fn a_report_is_no_wider_than_a_hundred_columns() {
    for trace in [TRACE, "traces/shapes/vgg11-32"] {
        let text = stdout(&["simulate", "arch-configs/isaac-2016", trace, "--images", "2"]);
        let wide: Vec<_> = text.lines().filter(|line| line.chars().count() > 100).collect();
        assert!(wide.is_empty(), "{wide:#?}");
    }
}
