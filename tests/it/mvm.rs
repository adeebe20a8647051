//! `rebias mvm` on small matrices.

use std::fs;
use std::path::Path;

use ndarray::{Array2, Array4, array};
use ndarray_npy::{read_npy, write_npy};

use crate::support::{rebias, refusal, root, stdout};

/// A folder with a matrix, vectors and ISAAC's design but for some keys.
fn job(change: &str, weights: &Array2<u8>, inputs: &Array2<i64>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let base = root().join("arch-configs/isaac-2016");
    fs::write(folder.path().join("arch.toml"), format!("extends = {base:?}\n{change}\n")).expect("written");
    write_npy(folder.path().join("w.npy"), weights).expect("written");
    write_npy(folder.path().join("x.npy"), inputs).expect("written");
    folder
}

fn arguments(folder: &Path) -> Vec<String> {
    let path = |name: &str| folder.join(name).to_str().expect("UTF-8").to_owned();
    let arch = folder.to_str().expect("UTF-8").to_owned();
    let options = [
        ("--arch", arch),
        ("--weights", path("w.npy")),
        ("--inputs", path("x.npy")),
        ("--out", path("y.npy")),
        ("--trace-adc", path("codes.npy")),
    ];
    let options = options.into_iter().flat_map(|(option, value)| [option.to_owned(), value]);
    std::iter::once("mvm".to_owned()).chain(options).collect()
}

fn multiply(folder: &tempfile::TempDir, more: &[&str]) -> (Array2<f64>, Array4<u32>) {
    let arguments = arguments(folder.path());
    stdout(&[&arguments.iter().map(String::as_str).collect::<Vec<_>>(), more].concat());
    let read = |name: &str| folder.path().join(name);
    (read_npy(read("y.npy")).expect("products"), read_npy(read("codes.npy")).expect("codes"))
}

const UNFLIPPED: &str = "[mapping]\nflip_encoding = \"off\"";

#[test]
fn ideal_arrays_multiply_exactly() {
    let weights = Array2::from_shape_fn((9, 300), |(output, input)| ((output * 7 + input * 3) % 16) as u8);
    let inputs = Array2::from_shape_fn((4, 300), |(vector, input)| ((vector * 5 + input) % 7) as i64 - 3);
    let folder = job("", &weights, &inputs);
    let (products, codes) = multiply(&folder, &["--signed-inputs", "--beta", "-7.5"]);
    let exact = inputs.map(|&x| x as f64).dot(&weights.t().map(|&q| f64::from(q) - 7.5));
    assert_eq!(products, exact);
    // Three input bits, three reads of up to 128 rows, two cells a weight.
    assert_eq!(codes.dim(), (4, 3, 3, 18));
}

#[test]
fn codes_are_those_of_the_columns() {
    let folder = job(UNFLIPPED, &array![[1, 2, 3], [0, 3, 0]], &array![[1, 1, 0], [2, 0, 3]]);
    let (products, codes) = multiply(&folder, &[]);
    assert_eq!(products, array![[3.0, 3.0], [11.0, 0.0]]);
    // [vector][input bit][read][column]: 3 and 3; then bits 0 and 0, 0 and 1 of the second vector's 2, 0, 3.
    let code = |vector: usize, bit: usize| [codes[[vector, bit, 0, 0]], codes[[vector, bit, 0, 1]]];
    assert_eq!([code(0, 0), code(0, 1), code(1, 0), code(1, 1)], [[3, 3], [0, 0], [3, 0], [4, 0]]);
}

#[test]
fn one_wired_cell_follows_its_closed_form() {
    // The only cell of its array: 10 µS a level, two segments of 1 kΩ and an access device of 500 Ω; an ADC fine enough to show it.
    let change = format!(
        "cell.on_conductance_microsiemens = 30\n\
         adc.bits = 24\nadc.range = \"fixed\"\nadc.low_levels = 0\nadc.step_levels = 1e-6\n\
         [crossbar]\nword_lines = 8\nbit_lines = 8\nwire_resistance_ohm = 1000\naccess_resistance_ohm = 500\n\
         {UNFLIPPED}\nbias.source = \"digital-count\""
    );
    let (products, _) = multiply(&job(&change, &array![[3]], &array![[1]]), &[]);
    let expected = 1e6 / (1e6 / 30.0 + 2500.0) / 10.0;
    assert!((products[[0, 0]] - expected).abs() < 1e-6, "{products} {expected}");
}

#[test]
fn a_curved_cell_behind_wires_is_read_where_that_is_asked_for() {
    // As above, and the cell conducts 30 µS·(0.6·u + 0.4·u²).
    let change = |solve: &str| {
        format!(
            "cell.on_conductance_microsiemens = 30\n\
             adc.bits = 24\nadc.range = \"fixed\"\nadc.low_levels = 0\nadc.step_levels = 1e-6\n\
             [[cell.current_voltage]]\ncoefficients = [0.6, 0.4]\n\
             [crossbar]\nword_lines = 8\nbit_lines = 8\nwire_resistance_ohm = 1000\naccess_resistance_ohm = 500\n\
             {solve}\n{UNFLIPPED}\nbias.source = \"digital-count\""
        )
    };
    let folder = job(&change("solve = \"per-read\""), &array![[3]], &array![[1]]);
    let (products, _) = multiply(&folder, &[]);
    // u + ρ·(0.6·u + 0.4·u²) = 1 with ρ = 2500 Ω · 30 µS.
    let (rho, a1, a2) = (0.075, 0.6, 0.4);
    let linear = 1.0 + rho * a1;
    let u = (f64::sqrt(linear * linear + 4.0 * rho * a2) - linear) / (2.0 * rho * a2);
    let expected = 3.0 * (a1 * u + a2 * u * u);
    assert!((products[[0, 0]] - expected).abs() < 1e-6, "{products} {expected}");

    let folder = job(&change(""), &array![[3]], &array![[1]]);
    let arguments = arguments(folder.path());
    let told = refusal(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(told.contains("crossbar.solve") && told.contains("cell.current_voltage"), "{told}");
}

#[test]
fn a_chip_is_the_same_again() {
    let change = "[cell.variation]\nmodel = \"lognormal\"\nsigma = 0.3\n[cell.read_noise]\nmodel = \"gaussian-of-range\"\nsigma = 0.1";
    let weights = Array2::from_elem((4, 64), 2);
    let folder = job(change, &weights, &Array2::from_elem((3, 64), 1));
    let first = multiply(&folder, &["--seed", "3", "--chip", "5"]);
    assert_eq!(first, multiply(&folder, &["--seed", "3", "--chip", "5", "--threads", "1"]));
    assert_ne!(first, multiply(&folder, &["--seed", "3", "--chip", "6"]));
    assert_ne!(first.0.row(0), first.0.row(1), "noise differs from vector to vector");
}

/// A job whose weights are pairs.
fn pairs(change: &str, (plus, minus): (&Array2<u8>, &Array2<u8>), inputs: &Array2<i64>) -> tempfile::TempDir {
    let folder = job(change, plus, inputs);
    write_npy(folder.path().join("minus.npy"), minus).expect("written");
    folder
}

fn minus_of(folder: &tempfile::TempDir) -> String {
    folder.path().join("minus.npy").to_str().expect("UTF-8").to_owned()
}

#[test]
fn pairs_are_subtracted_after_conversion_or_before() {
    let side =
        |factor: usize| Array2::from_shape_fn((9, 300), |(output, input)| ((output * factor + input * 3) % 16) as u8);
    let (plus, minus) = (side(7), side(5));
    let inputs = Array2::from_shape_fn((4, 300), |(vector, input)| ((vector * 5 + input) % 7) as i64 - 3);
    let weights = plus.mapv(f64::from) - minus.mapv(f64::from);
    let exact = inputs.map(|&x| x as f64).dot(&weights.t());
    // A bit more for the sign.
    for (change, n_columns) in [("", 36), ("adc.bits = 10\nmapping.pairs = \"analog\"", 18)] {
        let folder = pairs(change, (&plus, &minus), &inputs);
        let (products, codes) = multiply(&folder, &["--signed-inputs", "--minus", &minus_of(&folder)]);
        assert_eq!(products, exact, "{change}");
        assert_eq!(codes.dim(), (4, 3, 3, n_columns));
    }
}

#[test]
fn codes_of_analog_pairs_count_from_the_middle() {
    let (plus, minus) = (array![[1, 2, 3], [0, 3, 0]], array![[3, 3, 0], [0, 1, 1]]);
    let folder = pairs("mapping.pairs = \"analog\"", (&plus, &minus), &array![[1, 1, 0], [0, 1, 1]]);
    let (products, codes) = multiply(&folder, &["--minus", &minus_of(&folder)]);
    assert_eq!(products, array![[-3.0, 2.0], [2.0, 1.0]]);
    let found: Vec<_> = codes.iter().map(|&code| i64::from(code) - 128).collect();
    assert_eq!(found, [-3, 2, 2, 1]);
}

#[test]
fn the_current_of_a_pair_is_the_difference_of_its_closed_forms() {
    // 10 µS a level behind an access device of 500 Ω, and no wires: 1/(1/g + r) each.
    let change = "cell.on_conductance_microsiemens = 30\n\
         adc.bits = 24\nadc.range = \"fixed\"\nadc.low_levels = 0\nadc.step_levels = 1e-6\n\
         crossbar.access_resistance_ohm = 500\nmapping.pairs = \"analog\"";
    let folder = pairs(change, (&array![[3, 1]], &array![[1, 2]]), &array![[1, 1]]);
    let (products, _) = multiply(&folder, &["--minus", &minus_of(&folder)]);
    let level = |level: f64| 1e6 / (1e6 / (10.0 * level) + 500.0) / 10.0;
    let expected = level(3.0) - level(1.0) + level(1.0) - level(2.0);
    assert!((products[[0, 0]] - expected).abs() < 1e-6, "{products} {expected}");
}

#[test]
fn pairs_that_do_not_fit_are_refused() {
    let told = |change: &str, minus: &Array2<u8>, more: &[&str]| {
        let folder = pairs(change, (&array![[1, 2]], minus), &array![[1, 1]]);
        let (arguments, path) = (arguments(folder.path()), minus_of(&folder));
        let with_minus: &[&str] = if minus.is_empty() { &[] } else { &["--minus", &path] };
        refusal(&[&arguments.iter().map(String::as_str).collect::<Vec<_>>(), with_minus, more].concat())
    };
    assert!(told("", &array![[1]], &[]).contains("is 1 × 1, and `--weights` is 1 × 2"));
    assert!(told("", &array![[1, 1]], &["--beta", "1"]).contains("--beta"));
    let none = Array2::zeros((0, 0));
    let told_none = told("mapping.pairs = \"analog\"", &none, &[]);
    assert!(told_none.contains("`mapping.pairs` is `analog`") && told_none.contains("hint:"), "{told_none}");
    let wide = "cell.bits = 8\ncell.device_bits = 8\nmapping.pairs = \"analog\"";
    let told_wide = told(wide, &array![[1, 1]], &[]);
    assert!(told_wide.contains("mapping.pairs") && told_wide.contains("at most 7"), "{told_wide}");
}

#[test]
fn wrong_matrices_are_refused() {
    let told = |weights: &Array2<u8>, inputs: &Array2<i64>, more: &[&str]| {
        let folder = job("", weights, inputs);
        let arguments = arguments(folder.path());
        refusal(&[&arguments.iter().map(String::as_str).collect::<Vec<_>>(), more].concat())
    };
    assert!(told(&array![[1, 2]], &array![[1]], &[]).contains("has 2 columns"));
    assert!(told(&array![[1]], &array![[-1]], &[]).contains("--signed-inputs"));
    assert!(told(&array![[9]], &array![[1]], &["--weight-bits", "3"]).contains("hold 0 to 7"));
    let folder = job("", &array![[1]], &array![[1]]);
    fs::write(folder.path().join("w.npy"), "no numbers").expect("written");
    let arguments = arguments(folder.path());
    rebias(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).assert().code(2);
}

#[test]
fn a_calibrated_range_is_refused() {
    let change = "[adc]\nrange = \"calibrated\"\nlow_percentile = 0\nhigh_percentile = 100";
    let folder = job(change, &array![[1]], &array![[1]]);
    let arguments = arguments(folder.path());
    let told = refusal(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(told.contains("calibrat"), "{told}");
}
