//! Sweeps: what points share, and that nothing spoils a store of rows.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use assert_cmd::cargo::CommandCargoExt;
use rebias_arch::Arch;
use rebias_config::Document;
use rebias_cost::Costs;
use rebias_report::Summary;
use rebias_scheduler::{Chips, ReplayOptions, RunOptions, run};
use rebias_sweep::{Basis, Shard, Sweep, SweepControl, Work, read_design, read_trace};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{rebias, refusal, root, stdout};

/// Processes that are killed in the test of that.
const KILLS: usize = 50;

/// A scratch folder with a sweep of ISAAC and the shipped network in `sweep.toml`.
fn sweep_of(body: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let head = format!(
        "architecture = \"{0}/arch-configs/isaac-2016\"\ntrace = \"{0}/traces/fmnist-cnn-w2a2\"\n",
        root().display()
    );
    fs::write(folder.path().join("sweep.toml"), head + body).expect("writable");
    folder
}

/// How many points [`many_small_points`] has.
const N_POINTS: usize = 30;

/// Points that take some milliseconds each.
fn many_small_points() -> TempDir {
    sweep_of(
        "images = 1\n[axes]\n\"arch.cell.bits\" = [1, 2]\n\"arch.adc.bits\" = [4, 5, 6, 7, 8]\n\"run.seed\" = [1, 2, 3]\n",
    )
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// Arguments of a sweep in one go.
fn in_one_go(folder: &TempDir, out: &Path) -> [String; 4] {
    ["sweep", text(&folder.path().join("sweep.toml")), "--out", text(out)].map(str::to_owned)
}

fn results(out: &Path) -> String {
    fs::read_to_string(out.join("results.csv")).expect("results")
}

/// What an undisturbed run gives.
fn undisturbed(folder: &TempDir) -> String {
    let out = folder.path().join("undisturbed");
    stdout(&in_one_go(folder, &out).each_ref().map(String::as_str));
    results(&out)
}

/// The points of all whole lines of a store.
fn stored_points(out: &Path) -> Vec<String> {
    let Ok(shards) = fs::read_dir(out.join("rows")) else { return Vec::new() };
    let lines = shards.flat_map(|shard| {
        let bytes = fs::read(shard.expect("readable").path()).expect("readable");
        bytes.split(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect::<Vec<_>>()
    });
    let point = |line: Vec<u8>| {
        let line: Value = serde_json::from_slice(&line).ok()?;
        Some(line["row"]["point"].as_str().expect("a point").to_owned())
    };
    lines.filter_map(point).collect()
}

fn spawn(args: &[String]) -> Child {
    let mut command = Command::cargo_bin("rebias").expect("the binary is built with its tests");
    let command = command.args(args).stdout(Stdio::null()).stderr(Stdio::piped());
    command.spawn().expect("it starts")
}

/// The sweep, run without a process; what it gave and what it did.
fn swept(folder: &TempDir) -> (Vec<(Vec<String>, Summary)>, Work) {
    let sweep = Sweep::read(&folder.path().join("sweep.toml")).expect("a valid sweep");
    let done = AtomicUsize::new(0);
    let count = || {
        done.fetch_add(1, Ordering::Relaxed);
    };
    let control = SweepControl { shard: Shard::WHOLE, stop: &AtomicBool::new(false), done: &count };
    let out = folder.path().join("rows-only");
    let progress = sweep.run(&out, &control).expect("it runs");
    assert_eq!((done.into_inner(), progress.missing), (progress.work.points, 0));
    let results = sweep.results(&out).expect("readable");
    let rows = results.rows().iter().map(|row| (row.coordinates.clone(), row.summary.clone()));
    (rows.collect(), progress.work)
}

#[test]
fn adcs_share_programmed_arrays_and_costs_share_everything() {
    let body =
        "images = 3\n[axes]\n\"arch.adc.bits\" = [4, 5, 6, 7, 8]\n\"costs.row.router.power_mw\" = [40.0, 42.0]\n";
    let (rows, work) = swept(&sweep_of(body));
    assert_eq!(rows.len(), 10);
    assert_eq!(work, Work { points: 10, replays: 1, programmings: 1, emulations: 5 });
}

#[test]
fn what_is_to_do_is_measured_on_a_point_or_known_from_rows() {
    let folder = sweep_of("images = 2\n[axes]\n\"arch.cell.bits\" = [1, 2]\n\"arch.adc.bits\" = [4, 8]\n");
    let sweep = Sweep::read(&folder.path().join("sweep.toml")).expect("a valid sweep");
    let out = folder.path().join("out");
    let expected = sweep.expect(Some(&out)).expect("it can be told");
    assert_eq!(expected.work, Work { points: 4, replays: 2, programmings: 2, emulations: 4 });
    assert_eq!(expected.basis, Basis::Measured("arch.cell.bits = 1, arch.adc.bits = 4".to_owned()));
    assert!(expected.time > Duration::ZERO);

    let half = "1/2".parse().expect("a shard");
    let control = SweepControl { shard: half, stop: &AtomicBool::new(false), done: &|| {} };
    sweep.run(&out, &control).expect("it runs");
    let expected = sweep.expect(Some(&out)).expect("it can be told");
    assert_eq!(expected.work, Work { points: 2, replays: 1, programmings: 1, emulations: 2 });
    assert_eq!(expected.basis, Basis::Stored(2));

    sweep.run(&out, &SweepControl { shard: Shard::WHOLE, ..control }).expect("it runs");
    let expected = sweep.expect(Some(&out)).expect("it can be told");
    assert_eq!((expected.work, expected.basis), (Work::default(), Basis::Nothing));
}

#[test]
fn chips_and_seeds_have_arrays_of_their_own() {
    let body = "images = 2\nchips = 3\n[set]\n\"arch.cell.variation\" = { model = \"gaussian-of-range\", sigma = 0.05 }\n\
                [axes]\n\"run.seed\" = [1, 2]\n\"arch.adc.bits\" = [7, 8]\n";
    let (_, work) = swept(&sweep_of(body));
    assert_eq!(work, Work { points: 4, replays: 1, programmings: 6, emulations: 4 });
}

#[test]
fn arrays_of_very_many_chips_are_not_kept() {
    let body = "images = 1\nchips = 17\n[axes]\n\"arch.adc.bits\" = [7, 8]\n";
    let folder = sweep_of(body);
    let expected = Sweep::read(&folder.path().join("sweep.toml")).expect("valid").expect(None).expect("it can be told");
    let (_, work) = swept(&folder);
    assert_eq!(work, Work { points: 2, replays: 1, programmings: 34, emulations: 2 });
    assert_eq!(expected.work, work);
}

#[test]
fn points_give_what_they_give_alone_whatever_they_share() {
    let variation = "{ model = \"gaussian-of-range\", sigma = 0.05 }";
    let axes = [
        ("arch.cell.bits", vec!["1", "2"]),
        ("arch.adc.bits", vec!["5", "8"]),
        ("arch.adc.conversions_per_cycle", vec!["64", "128"]),
        ("costs.adc.default", vec!["\"isaac-scaling\"", "\"survey-regression\""]),
    ];
    let written = axes.iter().map(|(key, values)| format!("\"{key}\" = [{}]\n", values.join(", ")));
    let set = format!("images = 2\nseed = 3\n[set]\n\"arch.cell.variation\" = {variation}\n[axes]\n");
    let (rows, work) = swept(&sweep_of(&(set + &written.collect::<String>())));
    assert_eq!(work, Work { points: 16, replays: 4, programmings: 2, emulations: 4 });

    let design = read_design(&root().join("arch-configs/isaac-2016")).expect("a shipped design");
    let trace = read_trace(&root().join("traces/fmnist-cnn-w2a2")).expect("a shipped trace");
    for (coordinates, summary) in rows {
        let (mut arch, mut costs) = (design.arch.clone(), design.costs.clone());
        let set = [("arch.cell.variation", variation.to_owned())].into_iter();
        let keys = axes.iter().zip(&coordinates).map(|((key, _), value)| {
            let quoted = if value.parse::<f64>().is_ok() { value.clone() } else { format!("\"{value}\"") };
            (*key, quoted)
        });
        for (key, value) in set.chain(keys) {
            let value = Document::parse("value", format!("v = {value}")).expect("valid TOML");
            let value = value.get("v").expect("a value").clone();
            match key.split_once('.').expect("a prefix") {
                ("arch", key) => arch.set(key, value),
                (_, key) => costs.set(key, value),
            }
        }
        let arch = Arch::parse(&arch).expect("a valid design");
        let costs = Costs::parse(&costs, &arch).expect("a valid table");
        let replay = ReplayOptions::DEFAULT;
        let options = RunOptions { images: Some(2), seed: 3, chips: Chips::FIRST, replay, progress: &|_| {} };
        let alone = Summary::new(&run(&arch, &costs, &trace, &options).expect("it runs"));
        assert_eq!(summary, alone, "{coordinates:?}");
    }
}

#[test]
fn objectives_mark_the_front() {
    let folder = sweep_of(
        "images = 1\n[axes]\n\"costs.row.router.power_mw\" = [42.0, 40.0]\n[objectives]\naccuracy = \"max\"\nenergy_uj = \"min\"\n",
    );
    let results = undisturbed(&folder);
    let ends: Vec<_> = results.lines().map(|line| line.rsplit(',').next().expect("a column")).collect();
    assert_eq!(ends, ["pareto", "false", "true"]);
}

#[test]
fn killed_fifty_times_a_sweep_has_every_point_once_and_the_same_results() {
    let folder = many_small_points();
    let wanted = undisturbed(&folder);
    let (mut kills, mut stores) = (0, 0);
    // A sequence without pattern for the moments (the constants are Knuth's); what happens then is chance anyway.
    let mut state = 1u64;
    while kills < KILLS {
        let out = folder.path().join(format!("killed-{stores}"));
        stores += 1;
        loop {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let mut process = spawn(&in_one_go(&folder, &out));
            std::thread::sleep(Duration::from_micros(state >> 48));
            let ended = process.try_wait().expect("a child");
            process.kill().expect("killed, or ended before");
            process.wait().expect("a child");
            match ended {
                Some(status) => {
                    assert!(status.success());
                    break;
                }
                None => kills += 1,
            }
            if kills >= KILLS {
                stdout(&in_one_go(&folder, &out).each_ref().map(String::as_str));
                break;
            }
        }
        let points = stored_points(&out);
        assert_eq!(points.len(), N_POINTS, "every point once");
        assert_eq!(points.iter().collect::<BTreeSet<_>>().len(), N_POINTS, "every point");
        assert_eq!(results(&out), wanted);
    }
}

#[test]
fn ctrl_c_finishes_the_points_in_hand() {
    let folder = many_small_points();
    let out = folder.path().join("out");
    let process = spawn(&in_one_go(&folder, &out));
    while stored_points(&out).is_empty() {
        std::thread::sleep(Duration::from_millis(1));
    }
    let interrupt = Command::new("kill").args(["-INT", &process.id().to_string()]).status().expect("kill");
    assert!(interrupt.success());
    let ended = process.wait_with_output().expect("a child");
    let told = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(130), "{told}");
    assert!(told.contains("interrupted") && told.contains("rebias sweep resume"), "{told}");
    let stored = stored_points(&out).len();
    assert!((1..N_POINTS).contains(&stored), "{stored}");

    let status = stdout(&["sweep", "status", text(&out)]);
    assert!(status.contains(&format!("{stored} done, {} missing", N_POINTS - stored)), "{status}");
    assert!(!status.contains("cut by a crash"), "{status}");
    stdout(&["sweep", "resume", text(&out)]);
    assert_eq!(results(&out), undisturbed(&folder));
}

#[test]
fn a_full_disk_is_told_and_leaves_a_valid_store() {
    let folder = many_small_points();
    let out = folder.path().join("out");
    // No file may grow beyond 16 blocks; the signal that would end the process is ignored, so that writing fails.
    let binary = Command::cargo_bin("rebias").expect("a binary").get_program().to_owned();
    let script = "trap '' XFSZ; ulimit -f 16; exec \"$@\"";
    let args = in_one_go(&folder, &out);
    let ended = Command::new("sh").args(["-c", script, "sh"]).arg(binary).args(args).output().expect("a shell");
    let told = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{told}");
    assert!(told.contains("1-of-1.jsonl` cannot be written") && told.contains("too large"), "{told}");
    assert!((1..N_POINTS).contains(&stored_points(&out).len()));
    let status = stdout(&["sweep", "status", text(&out)]);
    assert!(status.contains("1 lines were cut"), "{status}");
    stdout(&["sweep", "resume", text(&out)]);
    assert_eq!(results(&out), undisturbed(&folder));
}

#[test]
fn a_folder_that_cannot_be_written_to_is_told_at_once() {
    let folder = many_small_points();
    let told = refusal(&in_one_go(&folder, Path::new("/proc/results")).each_ref().map(String::as_str));
    assert!(told.contains("`/proc/results` cannot be written") && told.contains("hint: name a folder"), "{told}");
}

/// A planned sweep of four points in two shards.
fn planned() -> (TempDir, PathBuf) {
    let folder = sweep_of("images = 2\n[axes]\n\"arch.adc.bits\" = [5, 6, 7, 8]\n");
    let out = folder.path().join("out");
    let [sweep, file, flag, path] = in_one_go(&folder, &out);
    stdout(&[&sweep, "plan", &file, &flag, &path, "--shards", "2"]);
    (folder, out)
}

#[test]
fn shards_on_several_machines_give_the_results_of_one() {
    let (folder, out) = planned();
    assert!(stdout(&["sweep", "run", text(&out), "--shard", "2/2"]).contains("2 points computed"));
    let part = rebias(&["sweep", "collect", text(&out)]).assert().code(1);
    let told = String::from_utf8_lossy(&part.get_output().stderr).into_owned();
    assert!(told.contains("2 of 4 points are missing"), "{told}");
    assert_eq!(results(&out).lines().count(), 3, "what is there is collected");
    stdout(&["sweep", "run", text(&out), "--shard", "1/2"]);
    stdout(&["sweep", "collect", text(&out)]);
    assert_eq!(results(&out), undisturbed(&folder));
}

#[test]
fn a_sweep_that_changes_after_it_was_planned_is_told() {
    let (folder, out) = planned();
    crate::support::replace(&folder.path().join("sweep.toml"), "images = 2", "images = 3");
    for step in ["run", "status", "collect", "resume"] {
        let told = refusal(&["sweep", step, text(&out)]);
        assert!(told.contains("not the one that was planned"), "{told}");
    }
}

#[test]
fn rows_of_the_same_points_are_kept_when_a_sweep_grows() {
    let (folder, out) = planned();
    stdout(&["sweep", "run", text(&out)]);
    crate::support::replace(&folder.path().join("sweep.toml"), "[5, 6, 7, 8]", "[7, 8, 9]");
    let [sweep, file, flag, path] = in_one_go(&folder, &out);
    let plan = stdout(&[&sweep, "plan", &file, &flag, &path]);
    assert!(plan.contains("3 points, 3 of them different and 1 without a row"), "{plan}");
    let status = stdout(&["sweep", "status", text(&out)]);
    assert!(status.contains("2 rows are of other points"), "{status}");
}

#[test]
fn points_that_cannot_run_are_told_when_the_others_are_done() {
    let folder = sweep_of("images = 1\n[set]\n\"arch.chip.tiles\" = 1\n[axes]\n\"arch.tile.imas\" = [12, 1]\n");
    let out = folder.path().join("out");
    let told = refusal(&in_one_go(&folder, &out).each_ref().map(String::as_str));
    assert!(told.contains("1 points cannot be run; the first is arch.tile.imas = 1:\n"), "{told}");
    for part in ["chip.tiles = 1", "sweep.toml:", "^", "hint"] {
        assert!(told.contains(part), "`{part}` is missing in:\n{told}");
    }
    assert_eq!(results(&out).lines().count(), 2);
}

#[test]
fn a_row_of_the_cost_table_that_is_not_there_is_told() {
    let folder = sweep_of("images = 1\n[axes]\n\"costs.row.rooter.power_mw\" = [1.0]\n");
    let told = refusal(&in_one_go(&folder, &folder.path().join("out")).each_ref().map(String::as_str));
    assert!(told.contains("no row with the component `rooter`"), "{told}");
}

#[test]
fn the_documented_sweep_is_valid() {
    let text = fs::read_to_string(root().join("docs/sweeps.md")).expect("a page");
    let (_, block) = text.split_once("```toml\n").expect("a block of TOML");
    let (sweep, _) = block.split_once("```").expect("its end");
    let folder = tempfile::tempdir().expect("a scratch folder");
    let file = folder.path().join("sweep.toml");
    let there = |from: &str, to: &str| (format!("\"{from}"), format!("\"{}/{to}", root().display()));
    let (design, trace) = (there("../isaac-2016", "arch-configs/isaac-2016"), there("../../traces", "traces"));
    fs::write(&file, sweep.replace(&design.0, &design.1).replace(&trace.0, &trace.1)).expect("writable");
    let sweep = Sweep::read(&file).expect("a valid sweep");
    // 3 × 2 × 3 × 2, without two of three resolutions of the 4-bit cells.
    assert_eq!(sweep.n_points(), 36 - 2 * 2 * 2);
}
