//! `rebias mvm`: one matrix through the arrays of a chip.

use std::fs;
use std::io::Cursor;
use std::path::Path;

use ndarray::{Array, Array2, ArrayD, Dimension, Ix2};
use ndarray_npy::{ReadNpyError, ReadNpyExt, ReadableElement, WritableElement, WriteNpyExt};
use rebias_arch::Arch;
use rebias_network::{CodeFormat, Sign};
use rebias_scheduler::{ChipSeed, MatrixError, MatrixJob, MatrixResult, mvm};
use rebias_sweep::{read_design, write_file};

use crate::args::Mvm;
use crate::failure::Failure;

pub(crate) fn run(args: &Mvm) -> Result<String, Failure> {
    let document = read_design(&args.arch)?.arch;
    let arch = Arch::parse(&document)?;
    let (weights, inputs) = (read_integers(&args.weights)?, read_integers(&args.inputs)?);
    let minus = args.minus.as_ref().map(|path| Ok::<_, Failure>((path, minus(path, weights.dim())?))).transpose()?;
    let all_codes = weights.iter().chain(minus.iter().flat_map(|(_, minus)| minus));
    let weight_bits = width("--weight-bits", args.weight_bits, all_codes, Sign::Unsigned)?;
    let sign = if args.signed_inputs { Sign::TwosComplement } else { Sign::Unsigned };
    let input_format = CodeFormat { bits: width("--input-bits", args.input_bits, inputs.iter(), sign)?, sign };
    let job = MatrixJob {
        weights: codes((&args.weights, &weights), CodeFormat::unsigned(weight_bits))?,
        minus: minus
            .map(|(path, minus)| codes((path.as_path(), &minus), CodeFormat::unsigned(weight_bits)))
            .transpose()?,
        weight_bits,
        inputs: codes((&args.inputs, &inputs), input_format)?,
        input_format,
        beta: args.beta,
        chip: ChipSeed { seed: args.seed, chip: args.chip },
    };
    let result = mvm(&arch, &job).map_err(|error| {
        if let MatrixError::Run(error) = &error {
            return Failure::of_run(error, &document);
        }
        Failure::input(error)
    })?;
    write_file(&args.out, npy(&result.outputs)?)?;
    if let Some(path) = &args.trace_adc {
        write_file(path, npy(&result.adc_codes)?)?;
    }
    Ok(told(&job, &result))
}

fn told(job: &MatrixJob, result: &MatrixResult) -> String {
    let ((n_outputs, n_inputs), n_vectors) = (job.weights.dim(), job.inputs.nrows());
    let error = result.relative_error.map_or_else(|| "–".to_owned(), |error| format!("{error:.3e}"));
    let mut text = format!(
        "{n_outputs} × {n_inputs} weights of {} bits, {n_vectors} vectors of {} bits, {} crossbars\n\
         relative error of the products {error}\n",
        job.weight_bits, job.input_format.bits, result.crossbars
    );
    if result.wire_residual > 0.0 {
        text += &format!("relative residual of the wires' node currents {:.1e}\n", result.wire_residual);
    }
    text
}

/// Reads the codes of w⁻, one for each of w⁺.
fn minus(path: &Path, (n_outputs, n_inputs): (usize, usize)) -> Result<Array2<i64>, Failure> {
    let minus = read_integers(path)?;
    if minus.dim() == (n_outputs, n_inputs) {
        return Ok(minus);
    }
    let (rows, columns) = minus.dim();
    let told = format!("`{}` is {rows} × {columns}, and `--weights` is {n_outputs} × {n_inputs}", path.display());
    Err(Failure::Input(format!("{told}\nhint: each weight is a pair, one code in either file")))
}

/// Reads a matrix of integers, whatever their type; a vector is a matrix of one row.
fn read_integers(path: &Path) -> Result<Array2<i64>, Failure> {
    let bytes =
        fs::read(path).map_err(|error| Failure::Input(format!("`{}` cannot be read: {error}", path.display())))?;
    let wrong = |told: String| Failure::Input(format!("`{}` {told}", path.display()));
    let numbers = numbers(&bytes).map_err(|error| wrong(format!("is no NPY file of numbers: {error}")))?;
    if let Some(number) = numbers.iter().find(|number| number.fract() != 0.0 || number.abs() > 65_536.0) {
        return Err(wrong(format!("holds {number}\nhint: weights and inputs are integer codes of at most 16 bits")));
    }
    let n_axes = numbers.ndim();
    let numbers = if n_axes == 1 { numbers.insert_axis(ndarray::Axis(0)) } else { numbers };
    let matrix =
        numbers.into_dimensionality::<Ix2>().map_err(|_| wrong(format!("has {n_axes} axes, and should have 2")))?;
    Ok(matrix.map(|&number| number as i64))
}

/// Reads an array of any of NumPy's numbers.
fn numbers(bytes: &[u8]) -> Result<ArrayD<f64>, ReadNpyError> {
    fn read<T: ReadableElement + Copy>(bytes: &[u8], to_f64: impl Fn(T) -> f64) -> Result<ArrayD<f64>, ReadNpyError> {
        Ok(ArrayD::<T>::read_npy(Cursor::new(bytes))?.map(|&number| to_f64(number)))
    }
    read::<f64>(bytes, |number| number)
        .or_else(|_| read::<f32>(bytes, f64::from))
        .or_else(|_| read::<u8>(bytes, f64::from))
        .or_else(|_| read::<i8>(bytes, f64::from))
        .or_else(|_| read::<u16>(bytes, f64::from))
        .or_else(|_| read::<i16>(bytes, f64::from))
        .or_else(|_| read::<u32>(bytes, f64::from))
        .or_else(|_| read::<i32>(bytes, f64::from))
        .or_else(|_| read::<u64>(bytes, |number| number as f64))
        .or_else(|_| read::<i64>(bytes, |number| number as f64))
}

/// The stated width, or the least that holds all codes.
fn width<'c>(
    option: &str,
    stated: Option<u32>,
    codes: impl Iterator<Item = &'c i64> + Clone,
    sign: Sign,
) -> Result<u32, Failure> {
    let holds = |bits: &u32| codes.clone().all(|&code| range(CodeFormat { bits: *bits, sign }).contains(&code));
    let least = (1..=16).find(holds);
    stated.or(least).ok_or_else(|| {
        let (low, high) = codes.clone().fold((0, 0), |(low, high), &code| (code.min(low), code.max(high)));
        let hint = match sign {
            Sign::Unsigned if low < 0 && option == "--input-bits" => "\nhint: `--signed-inputs` takes two's complement",
            Sign::Unsigned | Sign::TwosComplement => "",
        };
        Failure::Input(format!("codes from {low} to {high} fit no width of `{option}` up to 16{hint}"))
    })
}

/// The integers that a format holds.
fn range(format: CodeFormat) -> std::ops::Range<i64> {
    match format.sign {
        Sign::Unsigned => 0..1 << format.bits,
        Sign::TwosComplement => -(1 << (format.bits - 1))..1 << (format.bits - 1),
    }
}

fn codes((path, numbers): (&Path, &Array2<i64>), format: CodeFormat) -> Result<Array2<u16>, Failure> {
    let legal = range(format);
    if let Some(number) = numbers.iter().find(|number| !legal.contains(number)) {
        let (low, high) = (legal.start, legal.end - 1);
        let told = format!("`{}` holds {number}, and {} bits hold {low} to {high}", path.display(), format.bits);
        return Err(Failure::Input(told));
    }
    Ok(numbers.map(|&number| number as u16 & format.max_code()))
}

fn npy<T: WritableElement, D: Dimension>(array: &Array<T, D>) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    array.write_npy(&mut bytes).map_err(|error| Failure::Run(error.to_string()))?;
    Ok(bytes)
}
