//! Traces there and back.

use expect_test::{Expect, expect};
use ndarray::Array4;
use proptest::prelude::*;

use crate::testing::{RandomNetwork, SplitMix64, random_network};
use crate::*;

/// The trace of a random network, with images if its inputs have at most 8 bits.
pub(super) fn random_trace(seed: u64, recipe: &RandomNetwork) -> Trace {
    let network = random_network(seed, recipe);
    let Shape { channels, height, width } = network.input_shape();
    let mut random = SplitMix64::new(seed);
    let max_code = i64::from(network.input_format().max_code());
    let mut images = |n_images: usize| {
        let shape = (n_images, channels, height, width);
        let classes = |random: &mut SplitMix64| (0..n_images).map(|_| random.integer(0..=3) as u16).collect();
        let labels = Some(classes(&mut random));
        let expected = (random.integer(0..=1) == 0).then(|| classes(&mut random));
        let inputs = Array4::from_shape_simple_fn(shape, || random.integer(0..=max_code) as u8);
        SampleSet { inputs, labels, expected }
    };
    let has_images = network.input_format().bits <= 8;
    let (samples, calibration) = (has_images.then(|| images(3)), has_images.then(|| images(2)));
    let provenance = Provenance {
        data_set: Some("random numbers".to_owned()),
        licence: Some("CC0-1.0".to_owned()),
        recipe: Some("steps = 3\nname = \"\"\"quoted\"\"\" '''twice'''\n".to_owned()),
        seed: Some(seed >> 1),
        accuracies: Some(Accuracies { images: 10, float: Some(1.0), fake_quantised: None, integer: Some(0.1 + 0.2) }),
        ..Provenance::default()
    };
    Trace { network, provenance, samples, calibration }
}

#[test]
fn pairs_are_written_and_read() {
    for scales in [Scales::One, Scales::Two] {
        for seed in 0..20 {
            let recipe = RandomNetwork { representation: Representation::Pair(scales), ..RandomNetwork::default() };
            let trace = random_trace(seed, &recipe);
            let files = trace.render().expect("a legal trace");
            assert_eq!(Trace::parse(&files).expect("a valid trace").network, trace.network);
        }
    }
}

proptest! {
    #[test]
    fn prop_what_is_written_is_read(seed in any::<u64>(), widest in 8..=16u32) {
        let recipe = RandomNetwork {
            input_bits: 1..=widest,
            weight_bits: 1..=widest,
            activation_bits: 1..=widest.min(10),
            n_residuals: 0..=2,
            ..RandomNetwork::default()
        };
        let trace = random_trace(seed, &recipe);
        let files = trace.render().expect("a legal trace");
        let read = Trace::parse(&files).expect("legal files");
        prop_assert_eq!(&read, &trace);
        prop_assert_eq!(read.render().expect("a legal trace"), files);
    }

    #[test]
    fn prop_damaged_files_are_faults_or_other_traces(
        seed in 0..16u64,
        flips in prop::collection::vec((any::<prop::sample::Index>(), 1..=255u8), 1..4),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let recipe = RandomNetwork { input_bits: 4..=8, activation_bits: 1..=2, ..RandomNetwork::default() };
        let mut files = random_trace(seed, &recipe).render().expect("a legal trace");
        for file in [&mut files.tensors, &mut files.samples, &mut files.calibration].into_iter().flatten() {
            for (place, flip) in &flips {
                *place.get_mut(&mut file.content) ^= flip;
            }
            if let Some(cut) = cut {
                file.content.truncate(cut.index(file.content.len()));
            }
        }
        // That it returns is what is asked.
        let result = Trace::parse(&files);
        prop_assert!(cut.is_none() || result.is_err());
    }

    #[test]
    fn prop_no_manifest_panics(seed in 0..4u64, place in any::<prop::sample::Index>(), insert in ".{0,8}", cut in 0..12usize) {
        let mut files = random_trace(seed, &RandomNetwork::default()).render().expect("a legal trace");
        let mut text: Vec<char> = files.toml.content.chars().collect();
        let start = place.index(text.len());
        let end = (start + cut).min(text.len());
        text.splice(start..end, insert.chars());
        files.toml.content = text.into_iter().collect();
        let _ = Trace::parse(&files);
    }
}

fn check_toml(trace: &Trace, expected: Expect) {
    expected.assert_eq(&trace.render().expect("a legal trace").toml.content);
}

#[test]
fn a_written_manifest() {
    let recipe = RandomNetwork { n_convs: 1..=1, input_bits: 8..=8, ..RandomNetwork::default() };
    check_toml(
        &random_trace(3, &recipe),
        expect![[r#"
        format_version = 1
        name = "random-3"

        [provenance]
        data_set = "random numbers"
        licence = "CC0-1.0"
        recipe = """
        steps = 3
        name = ""\"quoted""\" '''twice'''
        """
        seed = 1

        [provenance.accuracies]
        images = 10
        float = 1.0
        integer = 0.30000000000000004

        [input]
        shape = [2, 7, 6]
        bits = 8
        sign = "twos-complement"

        [[layers]]
        name = "first"
        op = "conv"
        input = "input"
        kernel = [3, 1]
        stride = 2
        padding = 0
        out_channels = 5
        weight_bits = 3
        representation = "biased"
        beta_fraction_bits = 0
        activation_bits = 3

        [[layers]]
        name = "layer-1"
        op = "linear"
        input = "first"
        out_channels = 4
        weight_bits = 7
        representation = "biased"
        beta_fraction_bits = 2
    "#]],
    );
}

#[test]
fn files_are_fetched_by_name() {
    let recipe = RandomNetwork { input_bits: 8..=8, ..RandomNetwork::default() };
    let trace = random_trace(3, &recipe);
    let written = trace.render().expect("a legal trace").into_bytes();
    let names: Vec<_> = written.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, [TRACE_FILE, TENSORS_FILE, SAMPLES_FILE, CALIBRATION_FILE]);
    let fetch = |wanted: &str| {
        let found = written.iter().find(|file| file.name == wanted && wanted != CALIBRATION_FILE);
        found.map(|file| file.content.clone()).ok_or(std::io::ErrorKind::NotFound.into())
    };
    let files = TraceFiles::fetch("some/where/", fetch).expect("three files");
    assert_eq!(files.toml.name, "some/where/trace.toml");
    assert_eq!(Trace::parse(&files).expect("legal"), Trace { calibration: None, ..trace });

    let fault =
        |fetch: fn(&str) -> std::io::Result<Vec<u8>>| format!("{}\n", TraceFiles::fetch("x", fetch).unwrap_err());
    expect![[r#"
        error: there is no such file
        --> x/trace.toml
         = hint: a trace is a folder with a `trace.toml`
    "#]]
    .assert_eq(&fault(|_| Err(std::io::ErrorKind::NotFound.into())));
    expect![[r#"
        error: cannot be read: permission denied
        --> x/trace.toml
    "#]]
    .assert_eq(&fault(|_| Err(std::io::ErrorKind::PermissionDenied.into())));
    expect![[r#"
        error: is not UTF-8: invalid utf-8 sequence of 1 bytes from index 7
        --> x/trace.toml
    "#]]
    .assert_eq(&fault(|_| Ok(b"name = \xff".to_vec())));
}

#[test]
fn densities_of_a_layer_go_before_those_of_the_head() {
    let toml = include_str!("../../../../traces/shapes/vgg8-32/trace.toml");
    let toml =
        format!("input_density = 0.25\n{}", toml.replacen("op = \"conv\"", "op = \"conv\"\nweight_density = 0.125", 1));
    let toml = Named { name: "trace.toml".to_owned(), content: toml };
    let trace = Trace::parse(&TraceFiles { toml, tensors: None, samples: None, calibration: None }).expect("legal");
    let densities: Vec<_> = trace.network.weighted_layers().map(|(_, _, weighted)| weighted.densities).collect();
    assert_eq!(densities[0], Densities { inputs: 0.25, weights: 0.125 });
    assert_eq!(densities[1], Densities { inputs: 0.25, weights: 0.5 });
    let written = trace.render().expect("it can be written");
    assert_eq!(Trace::parse(&written).expect("what is written is legal").network, trace.network);
}
