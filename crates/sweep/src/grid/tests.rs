use super::*;

fn grid(text: &str) -> Result<Grid, Faults> {
    Grid::parse(&Document::parse("sweep.toml", text).expect("valid TOML"))
}

const SWEEP: &str = r#"
architecture = "base"
trace = "net"
images = 10
[set]
"arch.cell.device_bits" = 4
[axes]
"arch.cell.bits" = [1, 2]
"arch.adc.bits" = [4, 5, 6]
"run.seed" = [7]
"#;

const HEAD: &str = "architecture = \"base\"\ntrace = \"net\"\n";

fn base() -> Base {
    let parse = |text: &str| Document::parse("base.toml", text).expect("valid TOML");
    let row = "[[row]]\ncomponent = \"ADC\"\npower_mw = 2.0\n";
    Base { arch: parse("[adc]\nbits = 8\n"), costs: parse(row) }
}

/// The coordinates of all points that are not left out.
fn coordinates(body: &str) -> Vec<String> {
    let grid = grid(&format!("{HEAD}{body}")).expect("a valid sweep");
    grid.indices().map(|index| grid.coordinates(index).join(" ")).collect()
}

fn refused(body: &str) -> String {
    grid(&format!("{HEAD}{body}")).expect_err("a faulty sweep").to_string()
}

#[test]
fn the_last_axis_varies_fastest() {
    let grid = grid(SWEEP).expect("a valid sweep");
    let points: Vec<_> = grid.indices().map(|index| grid.coordinates(index)).collect();
    assert_eq!(points.len(), 6);
    assert_eq!(points[0], ["1", "4", "7"]);
    assert_eq!(points[1], ["1", "5", "7"]);
    assert_eq!(points[5], ["2", "6", "7"]);
    let point = grid.point(5, &base());
    assert_eq!((point.run.seed, point.run.images), (7, Some(10)));
    let key = |name: &str| point.arch.get(name).and_then(Value::as_integer);
    assert_eq!((key("adc.bits"), key("cell.bits"), key("cell.device_bits")), (Some(6), Some(2), Some(4)));
}

#[test]
fn everything_wrong_is_told_at_once() {
    let text = "architecture = 3\n[axes]\n\"adc.bits\" = [1]\n\"run.seed\" = [-1]\n\"arch.x\" = 5\nodd = 1\n";
    let faults = grid(text).expect_err("a faulty sweep");
    let told = faults.to_string();
    for part in ["architecture", "trace", "adc.bits", "run.seed", "arch.x", "odd"] {
        assert!(told.contains(part), "{part} is missing in:\n{told}");
    }
}

#[test]
fn a_grid_of_more_than_a_million_points_is_refused() {
    let list: Vec<_> = (0..1001).map(|n| n.to_string()).collect();
    let list = list.join(",");
    let told = refused(&format!("[axes]\n\"arch.a\" = [{list}]\n\"arch.b\" = [{list}]\n"));
    assert!(told.contains("too many points"), "{told}");
}

#[test]
fn zipped_axes_go_in_step_and_are_one_dimension() {
    let body = "[axes]\n\"run.seed\" = [1, 2]\n[[zip]]\n\"arch.a\" = [3, 4]\n\"arch.b\" = [\"x\", \"y\"]\n";
    assert_eq!(coordinates(body), ["1 3 x", "1 4 y", "2 3 x", "2 4 y"]);
    let told = refused("[[zip]]\n\"arch.a\" = [3, 4]\n\"arch.b\" = [5]\n");
    assert!(told.contains("1 values, and the first axis of this zip 2"), "{told}");
}

#[test]
fn a_key_is_swept_once() {
    let told = refused("[axes]\n\"arch.a\" = [1]\n[[zip]]\n\"arch.a\" = [3, 4]\n");
    assert!(told.contains("`arch.a` is swept twice"), "{told}");
}

#[test]
fn points_that_meet_all_conditions_of_a_table_are_left_out() {
    let axes = "[axes]\n\"arch.a\" = [1, 2, 4]\n\"arch.b\" = [1, 2, 3]\n";
    let left = |exclusions: &str| coordinates(&format!("{axes}{exclusions}")).join(", ");
    assert_eq!(left("[[exclude]]\n\"arch.a\" = 4.0\n"), "1 1, 1 2, 1 3, 2 1, 2 2, 2 3");
    assert_eq!(
        left("[[exclude]]\n\"arch.a\" = { above = 1 }\n\"arch.b\" = { at_least = 2, at_most = 2 }\n"),
        "1 1, 1 2, 1 3, 2 1, 2 3, 4 1, 4 3"
    );
    assert_eq!(left("[[exclude]]\n\"arch.a\" = { not = 1 }\n[[exclude]]\n\"arch.b\" = { among = [1, 3] }\n"), "1 2");
    assert_eq!(left("[[exclude]]\n\"arch.b\" = { below = \"arch.a\" }\n"), "1 1, 1 2, 1 3, 2 2, 2 3");
}

#[test]
fn an_exclusion_of_what_is_no_axis_is_refused() {
    let axes = "[axes]\n\"arch.a\" = [1]\n";
    for (exclusion, told) in [
        ("[[exclude]]\n\"arch.b\" = 1\n", "this is no axis"),
        ("[[exclude]]\n\"arch.a\" = { over = 1 }\n", "over"),
        ("[[exclude]]\n\"arch.a\" = { above = \"arch.c\" }\n", "nothing to compare with"),
        ("[[exclude]]\n", "would leave out everything"),
        ("[[exclude]]\n\"arch.a\" = { at_least = 0 }\n", "every point is left out"),
    ] {
        let faults = refused(&format!("{axes}{exclusion}"));
        assert!(faults.contains(told), "{told} is missing in:\n{faults}");
    }
}

#[test]
fn random_samples_stay_within_their_bounds_and_more_of_them_change_none() {
    let sample = |samples: usize| {
        coordinates(&format!(
            "[random]\nsamples = {samples}\nseed = 5\n[random.axes]\n\"arch.i\" = {{ uniform = [2, 4] }}\n\
             \"arch.l\" = {{ log_uniform = [0.01, 100.0] }}\n\"arch.c\" = {{ choice = [\"x\", \"y\"] }}\n\
             \"arch.n\" = {{ log_uniform = [1, 1000] }}\n"
        ))
    };
    let (few, many) = (sample(10), sample(400));
    assert_eq!(few, many[..10]);
    let columns: Vec<Vec<_>> = many.iter().map(|point| point.split(' ').collect()).collect();
    let numbers = |column: usize| columns.iter().map(move |it| it[column].parse::<f64>().expect("a number"));
    let share = |within: &dyn Fn(f64) -> bool, column| numbers(column).filter(|it| within(*it)).count() as f64 / 400.0;
    assert!(numbers(0).all(|it| [2.0, 3.0, 4.0].contains(&it)) && numbers(3).all(|it| (1.0..=1000.0).contains(&it)));
    assert!(numbers(1).all(|it| (0.01..=100.0).contains(&it)));
    // A third each, half below the geometric mean; 400 draws deviate by 0.025.
    assert!((share(&|it| it == 3.0, 0) - 1.0 / 3.0).abs() < 0.08);
    assert!((share(&|it| it < 1.0, 1) - 0.5).abs() < 0.09);
    assert!((share(&|it| it < 32.0, 3) - 0.5).abs() < 0.09);
    assert!(columns.iter().any(|it| it[2] == "x") && columns.iter().any(|it| it[2] == "y"));
}

#[test]
fn distributions_that_are_none_are_refused() {
    let draw = |draw: &str| refused(&format!("[random]\nsamples = 2\n[random.axes]\n\"run.seed\" = {draw}\n"));
    assert!(draw("{ uniform = [3, 1] }").contains("not an interval"));
    assert!(draw("{ log_uniform = [0, 1] }").contains("both above 0"));
    assert!(draw("{ uniform = [0, 1], choice = [3] }").contains("one distribution"));
    assert!(draw("{ uniform = [-3, 1] }").contains("not a legal value: -3"));
    assert!(draw("{ choice = [1, \"x\"] }").contains("not a legal value"));
}

#[test]
fn costs_are_swept_by_key_and_by_component() {
    let grid = grid(&format!("{HEAD}[axes]\n\"costs.row.ADC.power_mw\" = [3.0]\n\"costs.adc.default\" = [\"m\"]\n"));
    let grid = grid.expect("a valid sweep");
    assert_eq!(grid.missing_components(&base().costs), Vec::<String>::new());
    let toml = grid.point(0, &base()).costs.to_toml();
    assert!(toml.contains("power_mw = 3.0") && toml.contains("[adc]\ndefault = \"m\""), "{toml}");
    let none = Document::parse("costs.toml", "").expect("valid TOML");
    assert_eq!(grid.missing_components(&none), ["ADC"]);
}

#[test]
fn objectives_are_columns_of_figures() {
    let axes = "[axes]\n\"arch.a\" = [1]\n[objectives]\n";
    assert!(grid(&format!("{HEAD}{axes}accuracy = \"max\"\nenergy_uj = \"min\"\n")).is_ok());
    assert!(refused(&format!("{axes}network = \"max\"\n")).contains("no such column of figures"));
    assert!(refused(&format!("{axes}area_mm2 = \"least\"\n")).contains("`max`, `min`"));
}
