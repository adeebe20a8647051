//! The exact network against loops written from the definitions.

use std::collections::BTreeSet;

use ndarray::Array2;
use proptest::prelude::*;

use crate::testing::{RandomNetwork, random_image, random_network};
use crate::*;

/// Sums and logits of an image by the plainest loops.
fn naive(network: &Network, image: &[u16]) -> (Vec<Vec<i128>>, Vec<f64>) {
    // The network's input, then the layers' outputs.
    let mut maps: Vec<Vec<i128>> = vec![image.iter().map(|&code| network.input_format().value(code).into()).collect()];
    let place = |input| match input {
        LayerInput::Network => 0,
        LayerInput::Layer(LayerId(layer)) => layer + 1,
    };
    let mut all_sums = Vec::new();
    for layer in network.layers() {
        let map = &maps[place(layer.input())];
        if let Op::Add(add) = layer.op() {
            let sums =
                map.iter().zip(&maps[place(add.skip)]).map(|(left, right)| (left + right).min((1 << add.bits) - 1));
            let sums = sums.collect();
            maps.push(sums);
            continue;
        }
        let (from, to) = (layer.in_shape(), layer.out_shape());
        let at = |channel: usize, row: i64, column: i64| {
            let on_map = (0..from.height as i64).contains(&row) && (0..from.width as i64).contains(&column);
            on_map.then(|| map[(channel * from.height + row as usize) * from.width + column as usize])
        };
        let window = match layer.op() {
            Op::Add(_) => unreachable!("it has no window"),
            Op::MaxPool(window) | Op::SumPool(window) => *window,
            Op::Weighted(weighted) => weighted.window,
        };
        let positions = (0..to.height).flat_map(|row| (0..to.width).map(move |column| (row, column)));
        let corners = positions.map(|(row, column)| {
            let corner = |step: usize| (step * window.stride) as i64 - window.padding as i64;
            (corner(row), corner(column))
        });
        let places = || (0..window.height as i64).flat_map(|row| (0..window.width as i64).map(move |c| (row, c)));
        let mut next = Vec::new();
        for channel in 0..to.channels {
            for (top, left) in corners.clone() {
                let Some(tensors) = layer.weighted().map(|weighted| weighted.tensors.as_ref().expect("tensors")) else {
                    let values = places().filter_map(|(row, column)| at(channel, top + row, left + column));
                    next.push(match layer.op() {
                        Op::SumPool(_) => values.sum(),
                        Op::Weighted(_) | Op::MaxPool(_) | Op::Add(_) => values.max().expect("a window on the map"),
                    });
                    continue;
                };
                let inputs = (0..from.channels).flat_map(|channel| {
                    places().map(move |(row, column)| at(channel, top + row, left + column).unwrap_or(0))
                });
                let weights = tensors.codes.row(channel).to_vec();
                let (mut p, mut s) = (0, 0);
                for (code, input) in weights.into_iter().zip(inputs) {
                    p += i128::from(code) * input;
                    s += input;
                }
                next.push((p << tensors.beta_fraction_bits) + i128::from(tensors.beta_of(channel)) * s);
            }
        }
        if let Some(tensors) = layer.weighted().and_then(|weighted| weighted.tensors.as_ref()) {
            all_sums.push(next.clone());
            match &tensors.output {
                OutputTensors::Logits { scale, offset } => {
                    let logits = next.iter().zip(scale.iter().zip(offset));
                    return (all_sums, logits.map(|(&sum, (scale, offset))| scale * sum as f64 + offset).collect());
                }
                OutputTensors::Codes { thresholds, direction } => {
                    for (index, sum) in next.iter_mut().enumerate() {
                        let channel = index / to.positions();
                        let passed = |&&theta: &&i64| match direction[channel] {
                            Direction::Rising => *sum >= theta.into(),
                            Direction::Falling => *sum <= theta.into(),
                        };
                        *sum = thresholds.row(channel).iter().filter(passed).count() as i128;
                    }
                }
            }
        }
        maps.push(next);
    }
    unreachable!("a network with tensors ends in logits")
}

fn check(seed: u64, recipe: &RandomNetwork) {
    let network = random_network(seed, recipe);
    let mut mvm = ExactMvm::new(&network).expect("tensors");
    for image_seed in 0..3 {
        let image = random_image(seed ^ image_seed, &network);
        let mut all_sums = Vec::new();
        let observe = |_, sums: &[i64], fraction_bits| {
            assert_eq!(fraction_bits, 0);
            all_sums.push(sums.iter().map(|&sum| i128::from(sum)).collect::<Vec<_>>());
        };
        let logits = forward_observed(&network, &image, &mut mvm, observe).expect("a legal image");
        assert_eq!((all_sums, logits), naive(&network, &image));
    }
}

#[test]
fn a_pair_is_subtracted_in_units_of_its_ratio() {
    let recipe =
        RandomNetwork { n_convs: 0..=0, representation: Representation::Pair(Scales::Two), ..RandomNetwork::default() };
    for seed in 0..20 {
        let network = random_network(seed, &recipe);
        let image = random_image(seed, &network);
        let (_, _, weighted) = network.weighted_layers().next().expect("a linear layer");
        let tensors = weighted.tensors.as_ref().expect("with tensors");
        let minus = tensors.minus.as_ref().expect("a pair");
        let sum = |codes: &Array2<u16>, channel: usize| -> i64 {
            let inputs = image.iter().map(|&code| i64::from(network.input_format().value(code)));
            codes.row(channel).iter().zip(inputs).map(|(&code, input)| i64::from(code) * input).sum()
        };
        let expected: Vec<_> = (0..recipe.classes)
            .map(|channel| {
                let ratio = i64::from(minus.ratio_of(channel));
                (sum(&tensors.codes, channel) << tensors.beta_fraction_bits) - ratio * sum(&minus.codes, channel)
            })
            .collect();
        let observe = |_, sums: &[i64], _| assert_eq!(sums, expected);
        forward_observed(&network, &image, &mut ExactMvm::new(&network).expect("tensors"), observe).expect("legal");
    }
}

proptest! {
    #[test]
    fn prop_sums_and_logits_equal_those_of_plain_loops(seed in any::<u64>()) {
        check(seed, &RandomNetwork::default());
    }

    #[test]
    fn prop_wide_codes_need_wide_sums(seed in any::<u64>()) {
        // Products of 2^24 and more, beyond what f32 holds.
        let wide = RandomNetwork {
            input_bits: 12..=16,
            weight_bits: 12..=16,
            activation_bits: 9..=10,
            ..RandomNetwork::default()
        };
        check(seed, &wide);
    }

    #[test]
    fn prop_residual_networks_equal_plain_loops(seed in any::<u64>()) {
        check(seed, &RandomNetwork { n_convs: 1..=2, n_residuals: 1..=3, ..RandomNetwork::default() });
    }
}

#[test]
fn the_greatest_sums_are_exact_in_each_arithmetic() {
    // All codes and inputs at their greatest: in f32 up to 258 rows, in i64 the last.
    for (rows, bits) in [(257, 8), (258, 8), (259, 8), (300, 8), (256, 16), (4096, 16), (2_200_000, 16)] {
        let max_code = ((1u32 << bits) - 1) as u16;
        let codes = ndarray::Array2::from_elem((1, rows), max_code);
        let output = OutputTensors::Logits { scale: vec![1.0], offset: vec![0.0] };
        let tensors = Tensors { minus: None, codes, alpha: vec![1.0], beta: vec![-3], beta_fraction_bits: 0, output };
        let weights = WeightsDef {
            out_channels: 1,
            weight_bits: bits,
            representation: Representation::Biased,
            output: OutputFormat::Logits,
            tensors: Some(tensors),
        };
        let def = LayerDef { name: "only".to_owned(), input: LayerInput::Network, op: OpDef::Linear(weights) };
        let network = Network::new("n", Shape::new(rows, 1, 1), CodeFormat::unsigned(bits), vec![def]).expect("legal");
        let image = vec![max_code; rows];
        let mut found = Vec::new();
        let mut mvm = ExactMvm::new(&network).expect("tensors");
        forward_observed(&network, &image, &mut mvm, |_, sums, _| found.extend_from_slice(sums)).expect("legal");
        let max_code = i64::from(max_code);
        assert_eq!(found, [rows as i64 * (max_code * max_code - 3 * max_code)]);
    }
}

#[test]
fn random_networks_use_their_codes() {
    let mut distinct = BTreeSet::new();
    for seed in 0..20 {
        let recipe = RandomNetwork { n_convs: 1..=1, activation_bits: 2..=2, ..RandomNetwork::default() };
        let network = random_network(seed, &recipe);
        let mut mvm = ExactMvm::new(&network).expect("tensors");
        let image = random_image(seed, &network);
        let Some(OutputTensors::Codes { thresholds, direction }) =
            network.layers()[0].weighted().and_then(|weighted| weighted.tensors.as_ref()).map(|t| t.output.clone())
        else {
            unreachable!("a convolution");
        };
        let mut counts = [0u32; 4];
        forward_observed(&network, &image, &mut mvm, |layer, sums, _| {
            if layer == LayerId(0) {
                let positions = network.layers()[0].out_shape().positions();
                for code in crate::activate::codes(&thresholds, &direction, sums, (positions, 0)) {
                    counts[usize::from(code)] += 1;
                }
            }
        })
        .expect("legal");
        distinct.insert(counts.iter().filter(|&&count| count > 0).count());
        assert!(
            counts.iter().filter(|&&count| count > 0).count() >= 2 || counts.iter().sum::<u32>() < 20,
            "{counts:?}"
        );
    }
    assert!(distinct.contains(&4), "some layer uses all codes: {distinct:?}");
}

#[test]
fn images_that_do_not_fit_are_refused() {
    let recipe = RandomNetwork { input_bits: 3..=3, ..RandomNetwork::default() };
    let network = random_network(1, &recipe);
    let mut mvm = ExactMvm::new(&network).expect("tensors");
    let mut image = random_image(1, &network);
    image[5] = 8;
    assert_eq!(forward(&network, &image, &mut mvm), Err(ForwardError::Code { code: 8, index: 5, bits: 3 }));
    image.truncate(5);
    let shape = network.input_shape();
    assert_eq!(forward(&network, &image, &mut mvm), Err(ForwardError::Length { found: 5, shape }));
}

#[test]
fn the_lowest_of_equal_classes_wins() {
    assert_eq!(classify(&[-1.0, 3.0, 3.0, 2.0]), 1);
    assert_eq!(classify(&[0.0, -0.0]), 0);
}

#[test]
fn val_the_example_of_the_trace_format_gives_numpys_classes() {
    // Written by the Python program in docs/trace-format.md, which runs the integer network in numpy.
    let fetch = |file: &str| match file {
        TRACE_FILE => Ok(include_bytes!("python-trace/trace.toml").to_vec()),
        TENSORS_FILE => Ok(include_bytes!("python-trace/tensors.safetensors").to_vec()),
        SAMPLES_FILE => Ok(include_bytes!("python-trace/samples.safetensors").to_vec()),
        _ => Err(std::io::ErrorKind::NotFound.into()),
    };
    let files = TraceFiles::fetch("python-trace", fetch).expect("three files");
    let trace = Trace::parse(&files).expect("a legal trace");
    let samples = trace.samples.expect("samples");
    let mut mvm = ExactMvm::new(&trace.network).expect("tensors");
    let classes = (0..samples.len()).map(|image| {
        let logits = forward(&trace.network, &samples.image(image), &mut mvm).expect("a legal image");
        classify(&logits)
    });
    assert_eq!(Some(classes.collect()), samples.expected);
}
