//! The checks of a layer's tensors.

use ndarray::Array2;

use crate::layer::{Direction, OutputFormat, OutputTensors, Representation, Scales, Tensors, Weighted};
use crate::{LayerFault, TensorFault};

/// Most fraction bits of β.
pub(crate) const MAX_FRACTION_BITS: u32 = 20;

/// Greatest ratio of a pair's scales, in units of 2^−F.
pub(crate) const MAX_RATIO: i32 = 1 << 24;

/// Whether the tensors are those of a layer with a matrix of `[out_channels, rows]`.
pub(crate) fn check(
    tensors: &Tensors,
    weighted: &Weighted,
    [out_channels, rows]: [usize; 2],
) -> Result<(), LayerFault> {
    let fraction_bits = tensors.beta_fraction_bits;
    if fraction_bits > MAX_FRACTION_BITS {
        return Err(LayerFault::OutOfRange {
            field: "beta_fraction_bits",
            value: fraction_bits.into(),
            low: 0,
            high: MAX_FRACTION_BITS.into(),
        });
    }
    check_codes("codes", &tensors.codes, weighted.weight_bits, [out_channels, rows])?;
    check_minus(tensors, weighted, [out_channels, rows])?;
    check_alpha(&tensors.alpha, out_channels)?;
    check_length("beta", tensors.beta.len(), &[1, out_channels])?;
    match (&tensors.output, weighted.output) {
        (OutputTensors::Codes { thresholds, direction }, OutputFormat::Codes { bits }) => {
            check_length("direction", direction.len(), &[out_channels])?;
            check_thresholds(thresholds, direction, [out_channels, (1 << bits) - 1])?;
        }
        (OutputTensors::Logits { scale, offset }, OutputFormat::Logits) => {
            check_logits("scale", scale, out_channels)?;
            check_logits("offset", offset, out_channels)?;
        }
        (OutputTensors::Codes { .. }, OutputFormat::Logits) => {
            return Err(TensorFault::Output { found: "codes", legal: "logits" }.into());
        }
        (OutputTensors::Logits { .. }, OutputFormat::Codes { .. }) => {
            return Err(TensorFault::Output { found: "logits", legal: "codes" }.into());
        }
    }
    Ok(())
}

fn check_codes(tensor: &'static str, codes: &Array2<u16>, bits: u32, legal: [usize; 2]) -> Result<(), TensorFault> {
    check_shape(tensor, codes.shape(), legal)?;
    let max_code = ((1u32 << bits) - 1) as u16;
    let Some(((channel, row), code)) = codes.indexed_iter().find(|(_, code)| **code > max_code) else {
        return Ok(());
    };
    Err(TensorFault::Value {
        tensor,
        place: format!("channel {channel}, row {row}"),
        value: code.to_string(),
        legal: format!("0 to {max_code}, as weights have {bits} bits"),
    })
}

/// A pair has two sides, one ratio where they share their scale, and no bias.
fn check_minus(tensors: &Tensors, weighted: &Weighted, legal: [usize; 2]) -> Result<(), TensorFault> {
    let value = |tensor, value: i32, legal: String| {
        Err(TensorFault::Value { tensor, place: "a pair".to_owned(), value: value.to_string(), legal })
    };
    match (&tensors.minus, weighted.representation) {
        (None, Representation::Biased) => Ok(()),
        (Some(_), Representation::Biased) => Err(TensorFault::Output { found: "pairs", legal: "biased codes" }),
        (None, Representation::Pair(_)) => Err(TensorFault::Output { found: "biased codes", legal: "pairs" }),
        (Some(minus), Representation::Pair(scales)) => {
            check_codes("codes_neg", &minus.codes, weighted.weight_bits, legal)?;
            check_length("alpha_neg", minus.ratio.len(), &[1, legal[0]])?;
            let one = 1 << tensors.beta_fraction_bits;
            let is_legal = |&ratio: &i32| match scales {
                Scales::One => ratio == one,
                Scales::Two => (1..=MAX_RATIO).contains(&ratio),
            };
            if let Some(&ratio) = minus.ratio.iter().find(|ratio| !is_legal(ratio)) {
                let legal = match scales {
                    Scales::One => format!("a ratio of {one}, as both sides have one scale"),
                    Scales::Two => format!("a ratio to `alpha_pos` of 1 to {MAX_RATIO} units of 2^-{}", one.ilog2()),
                };
                return value("alpha_neg", ratio, legal);
            }
            match tensors.beta.iter().find(|&&beta| beta != 0) {
                Some(&beta) => value("beta", beta, "0, as pairs have no bias".to_owned()),
                None => Ok(()),
            }
        }
    }
}

fn check_alpha(alpha: &[f64], out_channels: usize) -> Result<(), TensorFault> {
    check_length("alpha", alpha.len(), &[1, out_channels])?;
    check_values("alpha", alpha, "finite and above 0", |alpha| alpha.is_finite() && alpha > 0.0)
}

fn check_logits(tensor: &'static str, values: &[f64], out_channels: usize) -> Result<(), TensorFault> {
    check_length(tensor, values.len(), &[out_channels])?;
    check_values(tensor, values, "finite", f64::is_finite)
}

fn check_thresholds(thresholds: &Array2<i64>, directions: &[Direction], legal: [usize; 2]) -> Result<(), TensorFault> {
    check_shape("thresholds", thresholds.shape(), legal)?;
    for (channel, (row, direction)) in thresholds.outer_iter().zip(directions).enumerate() {
        let (is_ordered, legal): (fn(i64, i64) -> bool, _) = match direction {
            Direction::Rising => (|before, after| before <= after, "ascending, as its direction is 1"),
            Direction::Falling => (|before, after| before >= after, "descending, as its direction is -1"),
        };
        for (index, (&before, &after)) in row.iter().zip(row.iter().skip(1)).enumerate() {
            if !is_ordered(before, after) {
                return Err(TensorFault::Order { channel, index: index + 1, before, after, legal });
            }
        }
    }
    Ok(())
}

fn check_shape(tensor: &'static str, found: &[usize], legal: [usize; 2]) -> Result<(), TensorFault> {
    if found == legal {
        return Ok(());
    }
    Err(TensorFault::Shape { tensor, found: found.to_vec(), legal: format!("{legal:?}") })
}

fn check_length(tensor: &'static str, found: usize, legal: &[usize]) -> Result<(), TensorFault> {
    if legal.contains(&found) {
        return Ok(());
    }
    let legal: Vec<_> = legal.iter().map(|length| format!("[{length}]")).collect();
    Err(TensorFault::Shape { tensor, found: vec![found], legal: legal.join(" or ") })
}

fn check_values(
    tensor: &'static str,
    values: &[f64],
    legal: &str,
    is_legal: impl Fn(f64) -> bool,
) -> Result<(), TensorFault> {
    let Some(index) = values.iter().position(|&value| !is_legal(value)) else {
        return Ok(());
    };
    Err(TensorFault::Value {
        tensor,
        place: format!("element {index}"),
        value: values[index].to_string(),
        legal: legal.to_owned(),
    })
}
