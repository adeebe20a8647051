//! From tables and specs to charts.

use rebias_config::Document;

use crate::{BarLayout, Chart, ChartKind, Data, Kind, Repeats, Size, Spec, Wanted};

const SWEEP: &str = "\
arch.cell.bits,arch.adc.bits,arch.dac.bits,network,accuracy,accuracy_low,accuracy_high,energy_uj
1,4,1,net,0.8,0.7,0.85,2
1,5,1,net,0.9,0.8,0.95,3
2,4,1,net,0.5,0.4,0.55,1
2,5,1,net,,,,2
";

fn sweep() -> Data {
    Data::parse("results.csv", SWEEP).expect("a table")
}

fn parsed(toml: &str, data: &Data) -> Result<Chart, String> {
    let document = Document::parse("plot.toml", toml).expect("TOML");
    Spec::parse_for(&document, data).map(|(_, chart)| chart).map_err(|faults| faults.to_string())
}

#[test]
fn a_sweep_becomes_accuracy_with_a_line_for_each_value_of_the_other_axis() {
    let spec = Spec::suited(&sweep(), &Wanted::default()).expect("known columns");
    let Kind::Lines { x, y, by, .. } = &spec.kind else { panic!("{spec}") };
    assert_eq!(
        (x.as_str(), y.as_str(), by.as_slice()),
        ("arch.adc.bits", "accuracy", &["arch.cell.bits".to_owned()][..])
    );
    let Chart::Lines(chart) = spec.chart(&sweep()).expect("drawable") else { panic!("lines") };
    let lines: Vec<_> = chart.lines.iter().map(|line| (line.name.as_str(), line.points.len())).collect();
    assert_eq!(lines, [("1", 2), ("2", 1)], "a row without a value is left out");
    let first = chart.lines[0].points[0];
    assert_eq!((first.x, first.y, first.interval), (4.0, 80.0, Some((70.0, 85.0))));
}

#[test]
fn rows_at_one_place_are_refused_with_the_column_that_tells_them_apart() {
    let told = parsed("chart = \"lines\"\nx = \"arch.adc.bits\"\ny = \"accuracy\"\n", &sweep()).expect_err("two rows");
    assert!(told.contains("lines 2 and 4") && told.contains("differ in `arch.cell.bits`"), "{told}");
    let kept = "chart = \"lines\"\nx = \"arch.adc.bits\"\ny = \"accuracy\"\n[where]\n\"arch.cell.bits\" = 1\n";
    assert!(parsed(kept, &sweep()).is_ok());
}

#[test]
fn means_have_students_interval() {
    let spec = Spec {
        kind: Kind::Lines {
            x: "arch.dac.bits".to_owned(),
            y: "energy_uj".to_owned(),
            by: Vec::new(),
            repeats: Repeats::Mean,
            scales: (crate::Scale::Linear, crate::Scale::Linear),
        },
        only: Vec::new(),
        size_mm: (None, None),
    };
    let Chart::Lines(chart) = spec.chart(&sweep()).expect("drawable") else { panic!("lines") };
    let point = chart.lines[0].points[0];
    // 2, 3, 1, 2: deviation 0.8165, so 3.1824 * 0.8165 / 2 to either side.
    let (low, high) = point.interval.expect("four rows");
    assert_eq!(point.y, 2.0);
    assert!((low - 0.7008).abs() < 1e-4 && (high - 3.2992).abs() < 1e-4, "{low} {high}");
}

#[test]
fn faults_point_into_the_toml() {
    let told = parsed("chart = \"pareto\"\nx = \"energy_uJ\"\ny = \"accuracy\"\n", &sweep()).expect_err("no column");
    assert!(told.contains("plot.toml:2") && told.contains("did you mean `energy_uj`?"), "{told}");
    let told =
        parsed("chart = \"map\"\nx = \"arch.adc.bits\"\ny = \"arch.cell.bits\"\nvalue = \"network\"\n", &sweep());
    assert!(told.expect_err("text").contains("line 2: `network` is `net`, not a number"));
    let told = parsed("chart = \"lines\"\ny = 3\nz = 1\n", &sweep()).expect_err("three faults");
    assert!(["`x`", "`y = 3`", "`z = 1`"].iter().all(|part| told.contains(part)), "{told}");
}

#[test]
fn components_become_stacks_with_the_longest_first() {
    let text = "component,dynamic_uj,static_gated_uj\nadc,1,0.5\nrouter,0,0\nxbar,3,0\n";
    let data = Data::parse("components.csv", text).expect("a table");
    let spec = Spec::suited(&data, &Wanted::default()).expect("known columns");
    let Chart::Bars(chart) = spec.chart(&data).expect("drawable") else { panic!("bars") };
    assert_eq!(
        (chart.categories.as_slice(), chart.layout),
        (&["xbar".to_owned(), "adc".to_owned()][..], BarLayout::Stacked)
    );
    assert_eq!(
        chart.series.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(),
        ["dynamic", "static, idle parts off"]
    );
}

#[test]
fn every_kind_of_chart_is_drawn_of_a_sweep() {
    for kind in [ChartKind::Lines, ChartKind::Map, ChartKind::Pareto] {
        let spec = Spec::suited(&sweep(), &Wanted { kind: Some(kind), ..Wanted::default() }).expect("known columns");
        let chart = spec.chart(&sweep()).expect("drawable");
        assert!(chart.svg(Size::COLUMN).expect("drawn").contains("accuracy (%)"));
    }
}

#[test]
fn tables_that_are_none_are_refused() {
    let told = Data::parse("t.csv", "a,b\n1\n").expect_err("a short row").to_string();
    assert!(told.contains("t.csv"), "{told}");
    let data = Data::parse("t.csv", "a,b\n1,2\n").expect("a table");
    assert!(Spec::suited(&data, &Wanted::default()).is_err());
}
