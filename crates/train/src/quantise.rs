//! The quantisers as differentiable tensor operations, with straight-through gradients.
//!
//! A step function has no useful derivative. Where `x` is replaced by `x + detach(round(x) − x)`, the value is the
//! rounded one and the derivative is that of `x`; everything else, clipping included, is differentiated as it is
//! written. This gives the rules stated at [`crate::formula::gradients`].

use burn::tensor::Tensor;

/// The largest code of `bits` bits, 2^bits − 1.
pub(crate) fn max_code(bits: u32) -> f64 {
    f64::from((1u32 << bits) - 1)
}

/// The value of `rounded` (detached), the derivative of `x`.
pub(crate) fn straight_through<const D: usize>(x: Tensor<D>, rounded: Tensor<D>) -> Tensor<D> {
    let correction = rounded - x.clone().detach();
    x + correction
}

/// clip(⌊v + ½⌋, 0, largest), straight-through inside the range.
pub(crate) fn codes<const D: usize>(v: Tensor<D>, largest: f64) -> Tensor<D> {
    let clipped = v.clamp(0.0, largest);
    let rounded = clipped.clone().detach().add_scalar(0.5).floor();
    straight_through(clipped, rounded)
}

/// ŵ = α·(q + β), q the nearest code of `bits` bits. Shapes: any `w`; `alpha` and `beta` broadcast to it.
pub(crate) fn weights<const D: usize>(w: Tensor<D>, alpha: Tensor<D>, beta: Tensor<D>, bits: u32) -> Tensor<D> {
    let q = codes(w / alpha.clone() - beta.clone(), max_code(bits));
    (q + beta) * alpha
}

/// d·a, a the nearest unsigned code of `bits` bits; negative values become 0, as ReLU makes them. `step` broadcasts.
pub(crate) fn activations<const D: usize>(x: Tensor<D>, step: Tensor<D>, bits: u32) -> Tensor<D> {
    codes(x / step.clone(), max_code(bits)) * step
}

/// d·a with the step d = clip/(2^bits − 1): PACT (J. Choi et al., 2018), whose clip is trained by what it cuts off only:
/// its gradient is that of the outputs whose inputs are above it.
pub(crate) fn clipped_activations<const D: usize>(x: Tensor<D>, clip: Tensor<D>, bits: u32) -> Tensor<D> {
    let step = clip.clone().detach() / max_code(bits);
    let bounded = x.clone().clamp_min(0.0) - (x - clip).clamp_min(0.0);
    let rounded = (bounded.clone().detach() / step.clone()).add_scalar(0.5).floor() * step;
    straight_through(bounded, rounded)
}

#[cfg(test)]
mod tests {
    use burn::tensor::{DType, Device, TensorData};

    use super::*;
    use crate::formula::{Gradients, Levels, gradients};

    fn leaf(values: &[f64]) -> Tensor<1> {
        let device = Device::flex().autodiff();
        let data = TensorData::new(values.to_vec(), [values.len()]);
        Tensor::from_data(data, (&device, DType::F64)).require_grad()
    }

    fn numbers(tensor: Tensor<1>) -> Vec<f64> {
        tensor.into_data().try_to_vec().expect("an `f64` tensor")
    }

    /// Values over the range of `levels` and beyond, and the gradients that come back to their quantised values.
    fn samples(levels: Levels) -> [Vec<f64>; 2] {
        let span = levels.alpha * (levels.max_code() + 3.0);
        let low = levels.alpha * (levels.beta - 1.5);
        let values = (0..200).map(|i| low + span * (f64::from(i) + 0.37) / 200.0).collect();
        let upstream = (0..200).map(|i| (f64::from(i) * 0.7).sin() + 0.2).collect();
        [values, upstream]
    }

    fn assert_close(found: &[f64], expected: &[f64]) {
        assert_eq!(found.len(), expected.len());
        for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
            assert!((found - expected).abs() <= 1e-11 * (1.0 + expected.abs()), "{index}: {found} {expected}");
        }
    }

    #[test]
    fn weights_and_their_gradients_follow_the_formulas() {
        for (bits, alpha, beta) in [(1, 0.4, -0.5), (2, 0.11, -1.47), (2, 0.05, 0.0), (8, 0.003, -131.3)] {
            let levels = Levels { bits, alpha, beta };
            let [values, upstream] = samples(levels);
            let (w, a, b) = (leaf(&values), leaf(&[alpha]), leaf(&[beta]));
            let quantised = weights(w.clone(), a.clone(), b.clone(), bits);
            let direct: Vec<f64> = values.iter().map(|&value| levels.quantise(value)).collect();
            assert_close(&numbers(quantised.clone()), &direct);

            let found = (quantised * leaf(&upstream)).sum().backward();
            let Gradients { values: by_value, alpha: by_alpha, beta: by_beta } = gradients(levels, &values, &upstream);
            assert_close(&numbers(w.grad(&found).unwrap()), &by_value);
            assert_close(&numbers(a.grad(&found).unwrap()), &[by_alpha]);
            assert_close(&numbers(b.grad(&found).unwrap()), &[by_beta]);
        }
    }

    #[test]
    fn activations_are_weights_with_beta_zero() {
        for (bits, alpha) in [(1, 0.9), (2, 0.31), (4, 0.2)] {
            let levels = Levels { bits, alpha, beta: 0.0 };
            let [values, upstream] = samples(levels);
            let (x, step) = (leaf(&values), leaf(&[alpha]));
            let quantised = activations(x.clone(), step.clone(), bits);
            let direct: Vec<f64> = values.iter().map(|&value| levels.quantise(value)).collect();
            assert_close(&numbers(quantised.clone()), &direct);

            let found = (quantised * leaf(&upstream)).sum().backward();
            let expected = gradients(levels, &values, &upstream);
            assert_close(&numbers(x.grad(&found).unwrap()), &expected.values);
            assert_close(&numbers(step.grad(&found).unwrap()), &[expected.alpha]);
        }
    }
}
