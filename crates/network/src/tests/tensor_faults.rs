//! What a user sees of tensors and images that are at fault.

use expect_test::expect;
use safetensors::Dtype;

use super::toy_trace::{TOML, Toy, check, check_files, check_toml, f64s, raw, u8s, u16s};
use crate::*;

#[test]
fn the_toy_is_read() {
    let trace = Trace::parse(&Toy::new().files()).expect("legal");
    let mut mvm = ExactMvm::new(&trace.network).expect("tensors");
    let set = trace.samples.expect("samples");
    assert_eq!((set.len(), set.image(1)), (2, vec![12, 13, 14, 15]));
    // P = 14 and 4, S = 6: Y = 256·14 − 384·6 = 1280 ≥ 0, and 256·4 − 128·6 = 256 is not ≤ −7. So the codes are 1 and 0;
    // Y = 256·P − 128 with P = 0, 1, 1.
    assert_eq!(forward(&trace.network, &set.image(0), &mut mvm), Ok(vec![-128.0, 255.0, 384.5]));
}

#[test]
fn all_faults_are_told_at_once() {
    check(
        |toy| toy.toml = TOML.replace("weight_bits", "bits").replace("kernel = 2", "kernel = \"2\""),
        expect![[r#"
            error: `layers[0].weight_bits`: missing key
              --> toy/trace.toml:13:1
               |
            13 | [[layers]]
               | ^^^^^^^^^^
               |
               = legal: 1..=16

            error: `layers[0].kernel = "2"`: expected an integer, found a string
              --> toy/trace.toml:17:10
               |
            17 | kernel = "2"
               |          ^^^
               |
               = legal: 1..=16777216

            error: `layers[0].bits = 2`: unknown key
              --> toy/trace.toml:20:1
               |
            20 | bits = 2
               | ^^^^
               |
               = legal: `name`, `input`, `op`, `input_density`, `weight_density`, `kernel`, `stride`, `padding`, `out_channels`, `weight_bits`, `activation_bits`, `beta_fraction_bits`, `representation`

            error: `layers[1].weight_bits`: missing key
              --> toy/trace.toml:24:1
               |
            24 | [[layers]]
               | ^^^^^^^^^^
               |
               = legal: 1..=16

            error: `layers[1].bits = 1`: unknown key
              --> toy/trace.toml:28:1
               |
            28 | bits = 1
               | ^^^^
               |
               = legal: `name`, `input`, `op`, `input_density`, `weight_density`, `out_channels`, `weight_bits`, `activation_bits`, `beta_fraction_bits`, `representation`

            5 faults
        "#]],
    );
    check(
        |toy| {
            toy.tensors.remove("conv.alpha");
            toy.tensors.insert("fc.codes", u8s(&[2, 3], &[0; 6]));
            toy.samples.insert("labels", u16s(&[0, 3]));
        },
        expect![[r#"
            error: tensor `conv.alpha` is missing
            --> toy/tensors.safetensors
             = legal: shape [1] or [2]

            error: tensor `fc.codes` has shape [2, 3]
            --> toy/tensors.safetensors
             = legal: [3, 2]

            error: tensor `labels` has 3 at [1]
            --> toy/samples.safetensors
             = legal: 0 to 2

            3 faults
        "#]],
    );
}

#[test]
fn tensors_of_the_wrong_kind() {
    check(
        |toy| drop(toy.tensors.insert("conv.beta", f64s(&[1.0, 2.0]))),
        expect![[r#"
            error: tensor `conv.beta` has elements of type F64
            --> toy/tensors.safetensors
             = legal: I32
        "#]],
    );
    check(
        |toy| drop(toy.tensors.insert("conv.codes", u16s(&[0; 8]))),
        expect![[r#"
            error: tensor `conv.codes` has shape [8]
            --> toy/tensors.safetensors
             = legal: [2, 1, 2, 2]
        "#]],
    );
    check(
        |toy| drop(toy.tensors.insert("fc.alpha", f64s(&[1.0, 2.0]))),
        expect![[r#"
            error: tensor `fc.alpha` has shape [2]
            --> toy/tensors.safetensors
             = legal: [1] or [3]
        "#]],
    );
    check(
        |toy| drop(toy.tensors.insert("conv.bias", f64s(&[1.0, 2.0]))),
        expect![[r#"
            error: tensor `conv.bias` belongs to nothing
            --> toy/tensors.safetensors
        "#]],
    );
}

#[test]
fn tensors_with_illegal_values() {
    check(
        |toy| drop(toy.tensors.insert("conv.codes", u8s(&[2, 1, 2, 2], &[0, 1, 2, 3, 3, 2, 4, 0]))),
        expect![[r#"
            error: layer `conv`: tensor `codes` has 4 at channel 1, row 2; legal: 0 to 3, as weights have 2 bits
            --> toy/tensors.safetensors
        "#]],
    );
    check(
        |toy| drop(toy.tensors.insert("fc.scale", f64s(&[1.0, f64::NAN, 1.0]))),
        expect![[r#"
            error: layer `fc`: tensor `scale` has NaN at element 1; legal: finite
            --> toy/tensors.safetensors
        "#]],
    );
    let direction = raw(Dtype::I8, &[2], &[[1], [0]]);
    check(
        |toy| drop(toy.tensors.insert("conv.direction", direction)),
        expect![[r#"
            error: tensor `conv.direction` has 0 at [1]
            --> toy/tensors.safetensors
             = legal: 1 or -1
        "#]],
    );
}

#[test]
fn images_that_are_no_inputs() {
    check(
        |toy| drop(toy.samples.insert("inputs", u8s(&[2, 1, 2, 3], &[0; 12]))),
        expect![[r#"
            error: tensor `inputs` has shape [2, 1, 2, 3]
            --> toy/samples.safetensors
             = legal: [2, 1, 2, 2]
        "#]],
    );
    check(
        |toy| drop(toy.samples.insert("inputs", u8s(&[2, 1, 2, 2], &[0, 0, 0, 0, 0, 16, 0, 0]))),
        expect![[r#"
            error: tensor `inputs` has 16 at [1, 0, 0, 1]
            --> toy/samples.safetensors
             = legal: 0 to 15
        "#]],
    );
    check(
        |toy| drop(toy.samples.insert("inputs", u8s(&[0, 1, 2, 2], &[]))),
        expect![[r#"
            error: tensor `inputs` has shape [0, 1, 2, 2]
            --> toy/samples.safetensors
             = legal: [1, 1, 2, 2]

            error: tensor `labels` has shape [2]
            --> toy/samples.safetensors
             = legal: [1]

            error: tensor `expected` has shape [2]
            --> toy/samples.safetensors
             = legal: [1]

            3 faults
        "#]],
    );
    check(
        |toy| drop(toy.samples.insert("expected", u16s(&[0]))),
        expect![[r#"
        error: tensor `expected` has shape [1]
        --> toy/samples.safetensors
         = legal: [2]
    "#]],
    );
    check_toml(
        "bits = 4",
        "bits = 12",
        expect![[r#"
        error: images have codes of 8 bits, but the network's input has 12
        --> toy/samples.safetensors
    "#]],
    );
}

#[test]
fn damaged_files() {
    let mut files = Toy::new().files();
    let content = &mut files.tensors.as_mut().expect("tensors").content;
    content.truncate(content.len() - 1);
    files.samples.as_mut().expect("samples").content = b"not tensors".to_vec();
    check_files(
        &files,
        expect![[r#"
        error: not a whole safetensors file: incomplete metadata, file not fully covered
        --> toy/tensors.safetensors
         = hint: it may be truncated or damaged

        error: not a whole safetensors file: header too large
        --> toy/samples.safetensors
         = hint: it may be truncated or damaged

        2 faults
    "#]],
    );
}

#[test]
fn an_inconsistent_trace_is_not_written() {
    let mut trace = Trace::parse(&Toy::new().files()).expect("legal");
    trace.samples.as_mut().expect("samples").labels = Some(vec![1]);
    let faults = trace.render().expect_err("a label is missing");
    expect![[r#"
        error: tensor `labels` has shape [1]
        --> samples.safetensors
         = legal: [2]
    "#]]
    .assert_eq(&format!("{faults}\n"));
}
