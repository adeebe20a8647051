//! What a user learns of a replay: schedules, streams, timelines, occupancies, parts, the smallest buffers.

use std::fs;
use std::path::Path;

use crate::support::{refusal, root, stdout};

const SUBJECT: [&str; 2] = ["arch-configs/isaac-2016", "traces/shapes/vgg8-32"];

fn simulate(more: &[&str]) -> String {
    stdout(&[&["simulate"], &SUBJECT[..], more].concat())
}

/// The number before ` cycles` in the line of a figure.
fn cycles(text: &str, figure: &str) -> u64 {
    let line = text.lines().find(|line| line.trim_start().starts_with(figure)).expect("the figure");
    let (_, behind) = line.split_once('(').expect("cycles in parentheses");
    behind.split(' ').next().and_then(|number| number.parse().ok()).expect("a number")
}

fn utf8(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// Rows of a CSV file, after a check of its header.
fn rows(file: &Path, header: &[&str]) -> Vec<csv::StringRecord> {
    let mut reader = csv::Reader::from_path(file).expect("written");
    assert_eq!(reader.headers().expect("a header"), header);
    reader.records().collect::<Result<_, _>>().expect("rows of one length")
}

#[test]
fn layer_by_layer_takes_longer_between_images_than_a_pipeline() {
    let subject = ["arch-configs/isaac-2016", "traces/fmnist-cnn-w2a2", "--images", "1"];
    let pipeline = stdout(&[&["simulate"], &subject[..]].concat());
    let one_by_one = stdout(&[&["simulate"], &subject[..], &["--schedule", "layer-by-layer"]].concat());
    assert!(cycles(&one_by_one, "steady interval") > cycles(&pipeline, "steady interval"));
}

#[test]
fn a_stream_of_one_image_has_its_latency_as_interval() {
    let text = simulate(&["--stream", "1"]);
    assert_eq!(cycles(&text, "steady interval"), cycles(&text, "first-image latency"));
    assert!(refusal(&[&["simulate"], &SUBJECT[..], &["--stream", "0"]].concat()).contains("--stream"));
}

#[test]
fn what_parts_do_adds_up_to_the_measured_time() {
    let folder = tempfile::tempdir().expect("a folder");
    simulate(&["--stream", "2", "--out", utf8(folder.path())]);
    let header = [
        "part",
        "kind",
        "busy",
        "stalled_by_input",
        "stalled_by_input_register",
        "stalled_by_transfer",
        "stalled_by_converters",
        "stalled_by_output",
        "stalled_by_room",
        "idle",
    ];
    let parts = rows(&folder.path().join("parts.csv"), &header);
    assert!(parts.iter().any(|row| row[2].parse::<f64>().expect("a share") > 0.0));
    for row in parts {
        let sum: f64 = row.iter().skip(2).map(|share| share.parse::<f64>().expect("a share")).sum();
        assert!((sum - 1.0).abs() < 1e-9, "{row:?}");
    }
    let header = ["buffer", "layer", "capacity_bytes", "peak_bytes", "mean_bytes"];
    for row in rows(&folder.path().join("buffers.csv"), &header) {
        let number = |column: usize| row[column].parse::<f64>().expect("bytes");
        assert!(number(4) <= number(3) && number(3) <= number(2), "{row:?}");
    }
}

#[test]
fn a_timeline_is_a_chrome_trace_of_tiles_and_their_parts() {
    let folder = tempfile::tempdir().expect("a folder");
    let (timeline, occupancy) = (folder.path().join("timeline.json"), folder.path().join("occupancy.csv"));
    simulate(&["--stream", "1", "--timeline", utf8(&timeline), "--occupancy", utf8(&occupancy)]);
    let trace: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(&timeline).expect("written")).expect("valid JSON");
    let events = trace["traceEvents"].as_array().expect("events");
    let of_phase = |phase: &'static str| events.iter().filter(move |event| event["ph"] == phase);
    assert!(of_phase("M").any(|event| event["name"] == "process_name"));
    assert!(of_phase("M").any(|event| event["name"] == "thread_name"));
    assert!(of_phase("X").count() > 100);
    assert!(of_phase("X").all(|event| event["ts"].is_number() && event["dur"].as_f64() >= Some(0.0)));
    let held = rows(&occupancy, &["tile", "buffer", "cycle", "bytes"]);
    assert!(held.iter().any(|row| &row[3] != "0"));
}

#[test]
fn a_timeline_cannot_go_to_a_folder_that_is_not_there() {
    let told = refusal(&[&["simulate"], &SUBJECT[..], &["--timeline", "no-such-folder/t.json"]].concat());
    assert!(told.contains("no-such-folder"), "{told}");
}

#[test]
fn the_smallest_buffers_are_enough_and_no_larger_than_the_given_ones() {
    let text = stdout(&["buffers", "arch-configs/isaac-2016", "traces/fmnist-cnn-w2a2"]);
    for name in ["tile eDRAM", "input register"] {
        let row = text.lines().find_map(|line| line.strip_prefix(name)).expect("a row");
        let bytes: Vec<u64> = row.split_whitespace().map(|number| number.parse().expect("bytes")).collect();
        let [given, to_run, to_keep_pace] = bytes[..] else { panic!("three numbers in `{row}`") };
        assert!(0 < to_run && to_run <= to_keep_pace && to_keep_pace <= given, "{row}");
    }
}

#[test]
fn an_interval_that_is_not_steady_is_told_as_such_and_a_steady_one_is_not() {
    let folder = tempfile::tempdir().expect("a folder");
    for (network, is_steady) in [("traces/shapes/vgg8-32", false), ("traces/shapes/mlp-28", true)] {
        let command = ["simulate", "arch-configs/isaac-2016", network, "--out", utf8(folder.path())];
        assert_eq!(!stdout(&command).contains("not steady after"), is_steady, "{network}");
        let json: serde_json::Value =
            serde_json::from_str(&stdout(&[&command[..], &["--format", "json"]].concat())).expect("JSON");
        assert_eq!(json["interval_steady"], is_steady, "{network}");
        let mut summary = csv::Reader::from_path(folder.path().join("summary.csv")).expect("written");
        let place = summary.headers().expect("a header").iter().position(|column| column == "interval_steady");
        let row = summary.records().next().expect("a row").expect("of as many fields");
        assert_eq!(row[place.expect("a column")], is_steady.to_string(), "{network}");
    }
}

#[test]
fn a_network_too_large_for_a_chip_runs_on_two_and_the_whole_is_both() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out");
    let design = |tiles: u32, chips: u32| {
        let base = root().join("arch-configs/isaac-2016");
        let text = format!("extends = {base:?}\n[chip]\ntiles = {tiles}\n[system]\nchips = {chips}\n");
        fs::write(folder.path().join("arch.toml"), text).expect("written");
    };
    let command = ["simulate", utf8(folder.path()), "traces/shapes/vgg11-32", "--stream", "1", "--out", utf8(&out)];
    let area = || {
        let mut reader = csv::Reader::from_path(out.join("summary.csv")).expect("written");
        let place = reader.headers().expect("a header").iter().position(|column| column == "chip_area_mm2");
        let row = reader.records().next().expect("a row").expect("of as many fields");
        row[place.expect("a column")].parse::<f64>().expect("a number")
    };
    design(4, 1);
    assert!(refusal(&command).contains("needs 7 tiles"));
    design(4, 2);
    let text = stdout(&command);
    assert!(text.contains("with all 2 chips on") && text.contains("mm² all 2 chips"), "{text}");
    let both = area();
    design(8, 1);
    assert!(stdout(&command).contains("with the whole chip on"));
    let one_large = area();
    // A chip's own parts, such as its link, are there twice.
    assert!(both > one_large, "{both} {one_large}");
}
