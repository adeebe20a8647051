//! Each form's values against its exact codes, and its gradients against finite differences, in `f64`.

use burn::tensor::{DType, Device, Tensor, TensorData};
use ndarray::Array2;

use super::*;
use crate::codes::Sides;
use crate::formula::rounded;
use crate::quantise::max_code;
use crate::random::{Purpose, Stream};

const CHANNELS: usize = 3;
const ROWS: usize = 40;

/// Latent weights of different spread in each channel, some of them far out.
fn latent() -> Array2<f64> {
    let mut stream = Stream::new(3, Purpose::Weights);
    Array2::from_shape_fn((CHANNELS, ROWS), |(channel, row)| {
        let far = if row % 13 == 5 { 4.0 } else { 1.0 };
        stream.normal() * 0.08 * (1.0 + channel as f64) * far
    })
}

/// A rule that computes in `f64`.
fn rule(form: Form, bits: u32, granularity: Granularity) -> Box<dyn Rule> {
    let mut rule = super::rule(form, bits, granularity, &latent(), &Device::flex());
    rule.parameters().into_iter().for_each(Parameter::widen);
    rule
}

fn leaf(values: &Array2<f64>) -> Tensor<2> {
    let data = TensorData::new(values.iter().copied().collect(), [CHANNELS, ROWS]);
    Tensor::from_data(data, (&Device::flex().autodiff(), DType::F64)).require_grad()
}

fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().try_to_vec().expect("an `f64` tensor")
}

/// All forms with their widths and granularities.
fn all() -> impl Iterator<Item = (Form, u32, Granularity)> {
    Form::ALL.into_iter().flat_map(|(_, form)| {
        let granularities =
            if form.has_channels() { &[Granularity::Layer, Granularity::Channel][..] } else { &[Granularity::Layer] };
        form.widths().flat_map(move |bits| granularities.iter().map(move |&granularity| (form, bits, granularity)))
    })
}

fn assert_close(found: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!((found - expected).abs() <= tolerance * (1.0 + expected.abs()), "{what} {index}: {found} {expected}");
    }
}

#[test]
fn the_forward_pass_uses_the_weights_that_the_codes_stand_for() {
    for (form, bits, granularity) in all() {
        let what = format!("{form:?} {bits} {granularity:?}");
        let mut rule = rule(form, bits, granularity);
        for frozen in [false, true] {
            let codes = rule.codes(&latent());
            assert_eq!(matches!(codes.sides, Sides::Pair { .. }), form.is_pair(), "{what}");
            let largest = (1u16 << codes.bits) - 1;
            assert!(codes.plus.iter().all(|&code| code <= largest), "{what}");
            let weights: Vec<f64> = codes.weights().into_iter().collect();
            assert_close(&numbers(rule.forward(leaf(&latent()), Pass::Training)), &weights, 1e-12, &what);
            if !frozen {
                rule.freeze(4);
                rule.parameters().into_iter().for_each(Parameter::widen);
            }
        }
    }
}

#[test]
fn codes_use_their_levels() {
    for (form, bits, granularity) in all() {
        let codes = rule(form, bits, granularity).codes(&latent());
        let used: std::collections::BTreeSet<_> =
            codes.weights().iter().map(|weight| (weight * 1e9).round() as i64).collect();
        // A range set by the farthest weight leaves fine levels empty.
        assert!(used.len() > (1 << bits.min(3)) / 2, "{form:?} {bits} {granularity:?}: {used:?}");
    }
}

#[test]
fn frozen_values_are_stored_exactly() {
    for (form, bits, granularity) in all() {
        let mut rule = rule(form, bits, granularity);
        rule.freeze(4);
        let stored = match rule.codes(&latent()).sides {
            Sides::Biased(beta) => beta,
            Sides::Pair { ratio, .. } => vec![ratio],
        };
        assert!(stored.iter().all(|value| (value * 16.0).fract() == 0.0), "{form:?} {bits}: {stored:?}");
    }
}

/// What the straight-through rule of a form differentiates: a smooth function of weights and trained scalars that takes
/// for constants what it says are constants, rounding errors, codes outside of the range and assignments, all as they
/// are at `base`.
struct Surrogate {
    form: Form,
    bits: u32,
    base: Array2<f64>,
    scalars: Vec<f64>,
}

impl Surrogate {
    /// A value clipped to codes up to `largest` and rounded, where `position` is what it was at the base.
    fn code(now: f64, position: f64, largest: f64) -> f64 {
        let code = rounded(position).clamp(0.0, largest);
        if (0.0..=largest).contains(&position) { now + code - position } else { code }
    }

    /// The levels α·(q + β) with q of w/α − β.
    fn levels(weight: f64, base: f64, [alpha, beta]: [f64; 2], [alpha0, beta0]: [f64; 2], largest: f64) -> f64 {
        alpha * (Self::code(weight / alpha - beta, base / alpha0 - beta0, largest) + beta)
    }

    fn weight(&self, weights: &Array2<f64>, scalars: &[f64], [channel, row]: [usize; 2]) -> f64 {
        let (weight, base) = (weights[[channel, row]], self.base[[channel, row]]);
        let largest = max_code(self.bits);
        let zero = 0.5 * (largest + 1.0);
        let n = scalars.len() / 2;
        let at = |scalars: &[f64]| [scalars[channel % n.max(1)], scalars[n + channel % n.max(1)]];
        let fixed =
            |beta: f64, largest: f64| Self::levels(weight, base, [scalars[0], beta], [self.scalars[0], beta], largest);
        match self.form {
            Form::Biased => Self::levels(weight, base, at(scalars), at(&self.scalars), largest),
            Form::BiasedDecoupled => {
                let [alpha0, beta0] = at(&self.scalars);
                let [alpha, beta] = at(scalars);
                alpha * (Self::code(weight / alpha0 - beta0, base / alpha0 - beta0, largest) + beta)
            }
            Form::Symmetric => fixed(-0.5 * largest, largest),
            Form::Lsq => fixed(-zero, largest),
            Form::SignMagnitude => fixed(1.0 - zero, largest - 1.0),
            Form::OffsetBinary | Form::FixedPoint => {
                let range = largest_of(&self.base);
                let range = if self.form == Form::FixedPoint { range.log2().ceil().exp2() } else { range };
                let levels = [range / zero, -zero];
                Self::levels(weight, base, levels, levels, largest)
            }
            Form::DoReFa if self.bits > 1 => {
                let scale = 2.0 * largest_of(&self.base.mapv(f64::tanh));
                let position = |weight: f64| (weight.tanh() / scale + 0.5) * largest;
                2.0 / largest * Self::code(position(weight), position(base), largest) - 1.0
            }
            Form::DoReFa | Form::Bwn => {
                let sign = |base: f64| if base >= 0.0 { 1.0 } else { -1.0 };
                let is_of_group = |of: usize| self.form == Form::DoReFa || of == channel;
                let group = weights.indexed_iter().filter(|((of, _), _)| is_of_group(*of));
                let magnitudes: Vec<f64> = group.map(|(index, weight)| weight * sign(self.base[index])).collect();
                let mean = magnitudes.iter().sum::<f64>() / magnitudes.len() as f64;
                let slope = if base.abs() <= 1.0 { weight - base } else { 0.0 };
                mean * (sign(base) + slope)
            }
            Form::Twn => weight,
            Form::Ttq => {
                let threshold = 0.05 * largest_of(&self.base);
                if base > threshold {
                    scalars[0] + self.scalars[0] * (weight - base)
                } else if base < -threshold {
                    -scalars[1] + self.scalars[1] * (weight - base)
                } else {
                    weight - base
                }
            }
        }
    }

    fn loss(&self, weights: &Array2<f64>, scalars: &[f64], upstream: &Array2<f64>) -> f64 {
        upstream.indexed_iter().map(|((c, r), upstream)| upstream * self.weight(weights, scalars, [c, r])).sum()
    }
}

#[test]
fn gradients_are_the_derivatives_of_what_each_form_says_it_differentiates() {
    let upstream = Array2::from_shape_fn((CHANNELS, ROWS), |(c, r)| ((c * ROWS + r) as f64 * 0.7).sin() + 0.2);
    let h = 1e-6;
    for (form, bits, granularity) in all().filter(|&(_, bits, _)| bits <= 4) {
        let what = format!("{form:?} {bits} {granularity:?}");
        let mut rule = rule(form, bits, granularity);
        let scalars: Vec<f64> = rule.parameters().iter().flat_map(|parameter| parameter.exact_values()).collect();
        let base = latent();
        let surrogate = Surrogate { form, bits, base: base.clone(), scalars: scalars.clone() };

        let w = leaf(&base);
        let found = (rule.forward(w.clone(), Pass::Training) * leaf(&upstream)).sum().backward();
        // The weight that sets a range lies on its edge, where a finite difference sees both sides.
        let farthest = largest_of(&base);
        let inner = |(index, _): &((usize, usize), &f64)| base[*index].abs() < farthest;
        let by_weight: Vec<f64> = base
            .indexed_iter()
            .filter(inner)
            .map(|(index, _)| {
                let moved = |by: f64| {
                    let mut weights = base.clone();
                    weights[index] += by;
                    surrogate.loss(&weights, &scalars, &upstream)
                };
                (moved(h) - moved(-h)) / (2.0 * h)
            })
            .collect();
        let by_autodiff =
            Array2::from_shape_vec((CHANNELS, ROWS), numbers(w.grad(&found).expect("a gradient"))).expect("its shape");
        let by_autodiff: Vec<f64> = base.indexed_iter().filter(inner).map(|(index, _)| by_autodiff[index]).collect();
        assert_close(&by_autodiff, &by_weight, 2e-7, &what);

        let by_autodiff: Vec<f64> = rule
            .parameters()
            .iter()
            .flat_map(|parameter| numbers(parameter.value(Pass::Training).grad(&found).expect("a gradient")))
            .collect();
        let slow = if form == Form::Lsq {
            1.0 / ((CHANNELS * ROWS) as f64 * (0.5 * (max_code(bits) + 1.0) - 1.0)).sqrt()
        } else {
            1.0
        };
        let by_scalar: Vec<f64> = (0..scalars.len())
            .map(|index| {
                let moved = |by: f64| {
                    let mut scalars = scalars.clone();
                    scalars[index] += by;
                    surrogate.loss(&base, &scalars, &upstream)
                };
                slow * (moved(h * 0.1) - moved(-h * 0.1)) / (0.2 * h)
            })
            .collect();
        assert_close(&by_autodiff, &by_scalar, 2e-5, &what);
    }
}
