//! `rebias compare`.

use std::fs;

use crate::support::{rebias, root, stdout};

#[test]
fn networks_stand_side_by_side_with_a_row_for_each_resolution_and_error() {
    let out = tempfile::tempdir().expect("a folder");
    let folder = out.path().join("compared");
    let paths = ["arch-configs/isaac-2016", "traces/fmnist-cnn-w2a2", "traces/shapes/conv16"];
    let paths = paths.map(|path| root().join(path).display().to_string());
    let folder_name = folder.display().to_string();
    let mut args = vec!["compare"];
    args.extend(paths.iter().map(String::as_str));
    args.extend(["--images", "20", "--adc-bits", "6,8", "--sigma", "0,20", "--out", &folder_name]);
    let told = stdout(&args);
    assert!(told.contains("cells/weight") && told.contains("8 points"), "{told}");

    let table = fs::read_to_string(folder.join("compare.csv")).expect("written");
    let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split(',').collect()).collect();
    let column = |name: &str| rows[0].iter().position(|&column| column == name).expect(name);
    let points: Vec<_> = rows[1..].iter().map(|row| (row[column("adc_bits")], row[column("sigma")])).collect();
    let of_one = [("6", "0"), ("6", "0.2"), ("8", "0"), ("8", "0.2")];
    assert_eq!(points, [of_one, of_one].concat());
    let networks: Vec<_> = rows[1..].iter().map(|row| row[column("network")]).collect();
    assert_eq!(networks, [["fmnist-cnn-w2a2"; 4], ["conv16"; 4]].concat());
    assert_eq!(rows[5][column("accuracy")], "", "a network without values has none");
    // First and last layer have four 2-bit cells a weight, the others one.
    let cells: f64 = rows[1][column("cells_per_weight")].parse().expect("a number");
    assert!(cells > 1.0 && cells < 4.0, "{cells}");
    let accuracy = |row: usize| rows[row][column("accuracy")].parse::<f64>().expect("a share");
    assert!(accuracy(3) > accuracy(4) + 0.2, "errors of 20 % cost accuracy");

    let is_steady = |row: usize| rows[row][column("interval_steady")];
    assert!(["true", "false"].contains(&is_steady(1)) && is_steady(5) == "true", "{table}");

    // Accuracy against energy for each error, with the one network that has accuracies.
    for sigma in ["0", "20"] {
        let chart = fs::read_to_string(folder.join(format!("pareto-sigma-{sigma}.svg"))).expect("written");
        assert!(chart.contains("accuracy") && chart.contains("energy of an image") && chart.contains("front"));
        assert!(!chart.contains("conv16"), "a network without values is not drawn");
    }

    // The sweep that it leaves is one that `check` takes.
    rebias(&["check", &folder.join("compare.toml").display().to_string()]).assert().success();
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let out = tempfile::tempdir().expect("a folder");
    let arch = root().join("arch-configs/isaac-2016").display().to_string();
    let folder = out.path().join("out").display().to_string();
    rebias(&["compare", &arch, "--out", &folder]).assert().code(2);
    rebias(&["compare", &arch, "nowhere", "--out", &folder]).assert().code(2);
    let trace = root().join("traces/fmnist-cnn-w2a2").display().to_string();
    rebias(&["compare", &arch, &trace, "--sigma", "-1", "--out", &folder]).assert().code(2);
}
