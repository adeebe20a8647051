//! Figures of small tables, and the faults of `expected.toml`.

use std::collections::BTreeMap;

use rebias_arch::Arch;
use rebias_arch::testing::isaac;
use rebias_config::{Document, Faults};
use rebias_cost::Costs;

use crate::{Expected, ValidateError, Verdict, validate};

fn isaac_costs(arch: &Arch) -> Costs {
    let text = include_str!("../../../arch-configs/isaac-2016/costs.toml");
    Document::parse("costs.toml", text).and_then(|document| Costs::parse(&document, arch)).expect("valid costs")
}

fn parse(text: &str) -> Result<Expected, Faults> {
    let arch = isaac();
    let costs = isaac_costs(&arch);
    Expected::parse(&Document::parse("expected.toml", text)?, &arch, &costs)
}

/// A table of one figure.
fn figure(keys: &str) -> String {
    format!("[[figure]]\nsource = \"Table I\"\nconfidence = \"B\"\n{keys}")
}

fn faults(keys: &str) -> String {
    parse(&figure(keys)).expect_err("a faulty table").to_string()
}

/// What ours is for a metric of ISAAC.
fn ours(metric: &str) -> f64 {
    let (arch, expected) =
        (isaac(), parse(&figure(&format!("kind = \"predicted\"\n{metric}"))).expect("a valid table"));
    let validation = validate(&arch, &isaac_costs(&arch), &expected, &BTreeMap::new()).expect("it can be computed");
    validation.figures[0].ours
}

#[test]
fn val_sums_are_those_of_table_1() {
    for (metric, by_hand) in [
        ("component.power_mw\"\ncomponent = \"ADC", 8.0 * 2.0),
        ("component.area_mm2\"\ncomponent = \"router", 0.151),
        ("ima.power_mw", 16.0 + 4.0 + 0.01 + 2.4 + 0.2 + 1.24 + 0.23),
        ("imas.power_mw", 12.0 * 24.08),
        ("tile-without-imas.power_mw", 20.7 + 7.0 + 42.0 / 4.0 + 0.52 + 0.05 + 0.4 + 1.68),
        ("tile.power_mw", 40.85 + 288.96),
        ("tiles.power_w", 168.0 * 0.32981),
        ("network.power_mw", 42.0 * 42.0),
        ("network.area_mm2", 42.0 * 0.151),
        ("chip.power_w", 168.0 * 0.32981 + 10.4),
        ("chip.crossbars", 168.0 * 12.0 * 8.0),
        ("storage.mb", 63.0),
    ] {
        let ours = ours(&format!("metric = \"{metric}\""));
        assert!((ours / by_hand - 1.0).abs() < 1e-9, "{metric}: {ours}, by hand {by_hand}");
    }
}

#[test]
fn val_peaks_follow_the_format() {
    let peak = |metric: &str, weight_bits: u32, input_bits: u32| {
        ours(&format!("metric = \"{metric}\"\nweight_bits = {weight_bits}\ninput_bits = {input_bits}"))
    };
    // 16 128 arrays x 128 rows x 16 weights x 2 operations in 16 reads of 100 ns.
    let gops = 16_128.0 * 128.0 * 16.0 * 2.0 / 1600.0;
    assert!((peak("peak.gops", 16, 16) / gops - 1.0).abs() < 1e-9);
    assert!((peak("peak.gops", 8, 8) / (4.0 * gops) - 1.0).abs() < 1e-9);
    assert!((peak("peak.gops_per_w", 16, 16) / (gops / (168.0 * 0.32981 + 10.4)) - 1.0).abs() < 1e-9);
}

#[test]
fn a_figure_out_of_tolerance_fails() {
    let claim = |published: &str| {
        let keys = "metric = \"tile.power_mw\"\nkind = \"reproduced\"\ntolerance = \"percent\"\npercent = 0.5\n";
        let (arch, expected) = (isaac(), parse(&figure(&format!("{keys}published = \"{published}\""))).expect("valid"));
        validate(&arch, &isaac_costs(&arch), &expected, &BTreeMap::new()).expect("computed")
    };
    assert_eq!(claim("331").figures[0].verdict, Verdict::Reproduced);
    assert_eq!(claim("331").n_failed(), 0);
    assert_eq!(claim("332").figures[0].verdict, Verdict::Failed);
    assert_eq!(claim("332").n_failed(), 1);
}

#[test]
fn a_trace_without_its_network_is_an_error() {
    let expected = parse(&figure("metric = \"replay.cycles\"\ntrace = \"../x\"\nkind = \"predicted\"")).expect("valid");
    assert_eq!(expected.traces(), ["../x"]);
    let arch = isaac();
    let error = validate(&arch, &isaac_costs(&arch), &expected, &BTreeMap::new()).expect_err("no network");
    assert!(matches!(error, ValidateError::NoNetwork { trace } if trace == "../x"));
}

#[test]
fn unknown_metrics_are_told_with_the_nearest_one() {
    let told = faults("metric = \"tile.power_w\"\nkind = \"predicted\"");
    assert!(
        told.contains("unknown word") && told.contains("did you mean `tile") && told.contains("expected.toml:4"),
        "{told}"
    );
}

#[test]
fn components_must_be_in_the_cost_table() {
    let told = faults("metric = \"component.power_mw\"\ncomponent = \"adc\"\nkind = \"predicted\"");
    assert!(told.contains("figure[0].component") && told.contains("legal: eDRAM buffer"), "{told}");
}

#[test]
fn figures_are_quoted_as_printed() {
    let reproduced = "metric = \"tile.power_mw\"\nkind = \"reproduced\"\ntolerance = \"digits\"\n";
    for published in ["330", "330.0", "\"330 mW\"", "\"0\"", "\"-1\""] {
        let told = faults(&format!("{reproduced}published = {published}"));
        assert!(told.contains("not a number as printed") && told.contains("hint"), "{told}");
    }
    assert!(faults(reproduced).contains("`figure[0].published`: missing key"));
}

#[test]
fn all_faults_are_told_at_once() {
    let told =
        faults("metric = \"peak.gops\"\nweight_bits = 0\nkind = \"reproduced\"\ntolerance = \"percent\"\nnotes = \"\"");
    for part in ["weight_bits", "input_bits", "published", "percent", "notes"] {
        assert!(told.contains(part), "`{part}` is not in\n{told}");
    }
}

#[test]
fn a_prediction_has_no_tolerance() {
    let told = faults("metric = \"tile.power_mw\"\nkind = \"predicted\"\ntolerance = \"exact\"");
    assert!(told.contains("figure[0].tolerance") && told.contains("unknown key"), "{told}");
}
