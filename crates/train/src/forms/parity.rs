//! The rules against fixtures that the PyTorch package reproduces too, so that both train alike: values, gradients and
//! codes in `f64`, and the thresholds of coalesced channels. `python/make_fixtures.py` writes them.

use std::path::Path;

use burn::tensor::{DType, Device, Tensor, TensorData};
use ndarray::Array2;
use rebias_network::Direction;
use rebias_network::coalesce::{BatchNorm, Channel, Quantiser};
use serde_json::Value;

use super::*;
use crate::codes::Sides;
use crate::quantise;

fn fixture(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../python/fixtures").join(name);
    serde_json::from_str(&std::fs::read_to_string(path).expect("a fixture of the repository")).expect("valid JSON")
}

fn list(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(|number| number.as_f64().expect("a number")).collect()
}

fn lists(value: &Value) -> Vec<Vec<f64>> {
    value.as_array().expect("a list").iter().map(list).collect()
}

fn list_of(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().expect("a list").iter()
}

fn bits_of(case: &Value) -> u32 {
    case["bits"].as_u64().expect("a width") as u32
}

fn leaf<const D: usize>(values: &[f64], shape: [usize; D]) -> Tensor<D> {
    let data = TensorData::new(values.to_vec(), shape);
    Tensor::from_data(data, (&Device::flex().autodiff(), DType::F64)).require_grad()
}

fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().try_to_vec().expect("an `f64` tensor")
}

fn assert_close(found: &[f64], expected: &[f64], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!((found - expected).abs() <= 1e-11 * (1.0 + expected.abs()), "{what} {index}: {found} {expected}");
    }
}

#[test]
fn forms_have_the_values_gradients_and_codes_of_the_fixtures() {
    let fixture = fixture("forms.json");
    let upstream = list(&fixture["upstream"]);
    for case in list_of(&fixture["cases"]) {
        let name = case["form"].as_str().expect("a name");
        let what = format!("{name} {} {} {}", case["bits"], case["scales"], case["input"]);
        let (_, form) = Form::ALL.into_iter().find(|(known, _)| *known == name).expect("a known form");
        let granularity = if case["scales"] == "channel" { Granularity::Channel } else { Granularity::Layer };
        let rows = lists(&fixture["inputs"][case["input"].as_str().expect("a name")]);
        let latent = Array2::from_shape_fn((rows.len(), rows[0].len()), |(channel, row)| rows[channel][row]);

        let mut rule = rule(form, bits_of(case), granularity, &latent, &Device::flex());
        let given = lists(&case["parameters"]);
        assert_eq!(rule.parameters().len(), given.len(), "{what}");
        for (parameter, values) in rule.parameters().into_iter().zip(&given) {
            if case["input"] == "bell" {
                // Fitted, so equal up to the order of sums, rounded to single precision.
                let fitted = parameter.exact_values();
                assert!(fitted.iter().zip(values).all(|(a, b)| (a - b).abs() <= 1e-6 * b.abs()), "{what} {fitted:?}");
            }
            parameter.fix(values.iter().map(|&value| value as f32).collect());
            parameter.widen();
        }

        let flat: Vec<f64> = latent.iter().copied().collect();
        let w = leaf(&flat, [latent.nrows(), latent.ncols()]);
        let weights = rule.forward(w.clone(), Pass::Training);
        assert_close(&numbers(weights.clone()), &list(&case["weights"]), &what);
        let found = (weights * leaf(&upstream, [latent.nrows(), latent.ncols()])).sum().backward();
        assert_close(&numbers(w.grad(&found).expect("a gradient")), &list(&case["latent_gradient"]), &what);
        for (parameter, expected) in rule.parameters().into_iter().zip(lists(&case["parameter_gradients"])) {
            let gradient = parameter.value(Pass::Training).grad(&found).expect("a gradient");
            assert_close(&numbers(gradient), &expected, &what);
        }

        let codes = rule.codes(&latent);
        let as_numbers = |codes: &Array2<u16>| codes.iter().map(|&code| f64::from(code)).collect::<Vec<_>>();
        assert_eq!(as_numbers(&codes.plus), list(&case["codes"]), "{what}");
        match &codes.sides {
            Sides::Biased(_) => assert!(case["minus"].is_null(), "{what}"),
            Sides::Pair { minus, .. } => assert_eq!(as_numbers(minus), list(&case["minus"]), "{what}"),
        }
    }
}

#[test]
fn activations_have_the_values_and_gradients_of_the_fixtures() {
    let fixture = fixture("activations.json");
    let (inputs, upstream) = (list(&fixture["inputs"]), list(&fixture["upstream"]));
    for case in list_of(&fixture["cases"]) {
        let what = format!("{} {}", case["trained"], case["bits"]);
        let (x, size) = (leaf(&inputs, [inputs.len()]), leaf(&[case["size"].as_f64().expect("a number")], [1]));
        let quantiser = if case["trained"] == "clip" { quantise::clipped_activations } else { quantise::activations };
        let outputs = quantiser(x.clone(), size.clone(), bits_of(case));
        assert_close(&numbers(outputs.clone()), &list(&case["outputs"]), &what);
        let found = (outputs * leaf(&upstream, [inputs.len()])).sum().backward();
        assert_close(&numbers(x.grad(&found).expect("a gradient")), &list(&case["input_gradient"]), &what);
        let expected = case["size_gradient"].as_f64().expect("a number");
        assert_close(&numbers(size.grad(&found).expect("a gradient")), &[expected], &what);
    }
}

#[test]
fn coalesced_channels_have_the_thresholds_of_the_fixtures() {
    for case in list_of(&fixture("thresholds.json")) {
        let number = |key: &str| case[key].as_f64().expect("a number");
        for (channel, expected) in list_of(&case["thresholds"]).enumerate() {
            let of_channel = |key: &str| list(&case[key])[channel];
            let given = Channel {
                alpha: of_channel("alpha"),
                input_step: number("input_step"),
                bias: of_channel("bias"),
                batch_norm: BatchNorm {
                    gamma: of_channel("gamma"),
                    beta: of_channel("beta"),
                    mean: of_channel("mean"),
                    variance: of_channel("variance"),
                    epsilon: number("epsilon"),
                },
                beta_fraction_bits: number("fraction_bits") as u32,
            };
            let quantiser = Quantiser { step: number("step"), bits: bits_of(case) };
            let (thresholds, direction) = given.thresholds(quantiser).expect("finite channels");
            let expected: Vec<i64> = list_of(expected).map(|theta| theta.as_i64().expect("a whole number")).collect();
            assert_eq!(thresholds, expected, "channel {channel}");
            let side = if list(&case["direction"])[channel] < 0.0 { Direction::Falling } else { Direction::Rising };
            assert_eq!(direction, side, "channel {channel}");
        }
    }
}
