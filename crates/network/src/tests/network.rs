//! Which layers are a network.

use expect_test::{Expect, expect};
use ndarray::{Array2, array};

use crate::*;

const CONV: Window = Window { height: 3, width: 3, stride: 1, padding: 1 };
const POOL: Window = Window { height: 2, width: 2, stride: 2, padding: 0 };

fn weights(out_channels: usize, output: OutputFormat) -> WeightsDef {
    WeightsDef { out_channels, weight_bits: 2, representation: Representation::Biased, output, tensors: None }
}

fn codes(out_channels: usize) -> WeightsDef {
    weights(out_channels, OutputFormat::Codes { bits: 2 })
}

/// A convolution, a max-pool and a linear layer on 1 × 4 × 4 inputs of 8 bits.
fn toy() -> Vec<LayerDef> {
    let layer = |name: &str, input, op| LayerDef { name: name.to_owned(), input, op };
    vec![
        layer("conv", LayerInput::Network, OpDef::Conv { window: CONV, weights: codes(2) }),
        layer("pool", LayerInput::Layer(LayerId(0)), OpDef::MaxPool(POOL)),
        layer("fc", LayerInput::Layer(LayerId(1)), OpDef::Linear(weights(3, OutputFormat::Logits))),
    ]
}

/// The toy with tensors.
fn trained() -> Vec<LayerDef> {
    let mut defs = toy();
    let thresholds = array![[-5, 0, 5], [7, 7, -9]];
    let output = OutputTensors::Codes { thresholds, direction: vec![Direction::Rising, Direction::Falling] };
    let conv = Tensors {
        minus: None,
        codes: Array2::ones((2, 9)),
        alpha: vec![0.5],
        beta: vec![-384, -100],
        beta_fraction_bits: 8,
        output,
    };
    let output = OutputTensors::Logits { scale: vec![1.0; 3], offset: vec![0.0; 3] };
    let fc = Tensors {
        minus: None,
        codes: Array2::ones((3, 8)),
        alpha: vec![0.5; 3],
        beta: vec![7],
        beta_fraction_bits: 0,
        output,
    };
    *tensors_of(&mut defs[0]) = Some(conv);
    *tensors_of(&mut defs[2]) = Some(fc);
    defs
}

fn tensors_of(def: &mut LayerDef) -> &mut Option<Tensors> {
    &mut weights_of(def).tensors
}

fn weights_of(def: &mut LayerDef) -> &mut WeightsDef {
    match &mut def.op {
        OpDef::Conv { weights, .. } | OpDef::Linear(weights) => weights,
        OpDef::MaxPool(_) | OpDef::SumPool(_) | OpDef::Add(_) => unreachable!("it has no weights"),
    }
}

fn network(defs: Vec<LayerDef>) -> Result<Network, NetworkError> {
    Network::new("toy", Shape::new(1, 4, 4), CodeFormat::unsigned(8), defs)
}

fn check(defs: Vec<LayerDef>, expected: Expect) {
    let error = network(defs).expect_err("a fault");
    expected.assert_eq(&error.to_string());
}

fn check_toy(change: impl FnOnce(&mut Vec<LayerDef>), expected: Expect) {
    let mut defs = toy();
    change(&mut defs);
    check(defs, expected);
}

fn check_trained(change: impl FnOnce(&mut Tensors), layer: usize, expected: Expect) {
    let mut defs = trained();
    change(tensors_of(&mut defs[layer]).as_mut().expect("tensors"));
    check(defs, expected);
}

#[test]
fn the_toy_is_a_network() {
    let toy = network(toy()).expect("legal");
    assert!(toy.is_shape_only());
    assert_eq!(toy.classes(), Some(3));
    // 9 · 1 rows on 16 positions of 2 channels; 8 rows to 3 classes.
    assert_eq!(toy.macs(), 9 * 32 + 24);
    let shapes: Vec<_> = toy.layers().iter().map(|layer| layer.out_shape().to_string()).collect();
    assert_eq!(shapes, ["2×4×4", "2×2×2", "3×1×1"]);
    assert_eq!(toy.input_codes(LayerId(2)), CodeFormat::unsigned(2));
    assert_eq!(toy.output_codes(LayerId(1)), Some(CodeFormat::unsigned(2)));
    assert_eq!(toy.output_codes(LayerId(2)), None);
    assert_eq!(toy.weighted_layers().map(|(id, ..)| id.0).collect::<Vec<_>>(), [0, 2]);

    let trained = network(trained()).expect("legal");
    assert!(!trained.is_shape_only());
    let image = vec![0; 16];
    assert_eq!(ExactMvm::new(&toy).expect_err("no tensors"), ForwardError::ShapeOnly);
    let mut mvm = ExactMvm::new(&trained).expect("tensors");
    // All sums are 0: the rising channel gives 2 on each position, the falling one as well.
    assert_eq!(forward(&toy, &image, &mut mvm), Err(ForwardError::ShapeOnly));
    assert_eq!(forward(&trained, &image, &mut mvm), Ok(vec![8.0 * (2.0 + 14.0); 3]));
}

#[test]
fn names() {
    check_toy(
        |defs| defs[1].name = "conv".to_owned(),
        expect!["layer `conv`: the name is taken by an earlier layer or by the network's input"],
    );
    check_toy(
        |defs| defs[1].name = "a.b".to_owned(),
        expect!["layer `a.b`: a name has letters, digits, `-` and `_`, and at least one of them"],
    );
    check_toy(
        |defs| defs[1].name = String::new(),
        expect!["layer ``: a name has letters, digits, `-` and `_`, and at least one of them"],
    );
}

#[test]
fn order() {
    check(Vec::new(), expect!["the network has no layers"]);
    check_toy(
        |defs| defs[1].input = LayerInput::Layer(LayerId(1)),
        expect!["layer `pool`: its input is not an earlier layer"],
    );
    check_toy(|defs| defs[2].input = LayerInput::Layer(LayerId(0)), expect!["layer `pool`: no layer reads its output"]);
    check_toy(
        |defs| weights_of(&mut defs[0]).output = OutputFormat::Logits,
        expect!["layer `conv`: only the last layer gives logits"],
    );
}

#[test]
fn shapes() {
    let conv = |window| move |defs: &mut Vec<LayerDef>| defs[0].op = OpDef::Conv { window, weights: codes(2) };
    let pool = |window| move |defs: &mut Vec<LayerDef>| defs[1].op = OpDef::MaxPool(window);
    check_toy(
        conv(Window { height: 7, ..CONV }),
        expect!["layer `conv`: a window of 7×3 does not fit on an input of 1×4×4 padded by 1"],
    );
    check_toy(conv(Window { stride: 0, ..CONV }), expect!["layer `conv`: `stride` = 0 is not legal: 1 to 16777216"]);
    check_toy(conv(Window { width: 0, ..CONV }), expect!["layer `conv`: `kernel` = 0 is not legal: 1 to 16777216"]);
    check_toy(
        conv(Window { padding: 1 << 20, ..CONV }),
        expect!["layer `conv`: too large: more than 2147483648 values of a feature map"],
    );
    check_toy(
        conv(Window { padding: usize::MAX, ..CONV }),
        expect!["layer `conv`: `padding` = 18446744073709551615 is not legal: 0 to 16777216"],
    );
    check_toy(pool(Window { padding: 2, ..POOL }), expect!["layer `pool`: `padding` = 2 is not legal: 0 to 1"]);
    check_toy(
        |defs| weights_of(&mut defs[0]).out_channels = 0,
        expect!["layer `conv`: `out_channels` = 0 is not legal: 1 to 16777216"],
    );
    check_toy(
        |defs| defs[2].op = OpDef::Conv { window: CONV, weights: weights(3, OutputFormat::Logits) },
        expect!["layer `fc`: logits on a map of 3×2×2; a layer of logits has one position"],
    );
    check_toy(
        |defs| {
            weights_of(&mut defs[0]).out_channels = 1 << 24;
            *weights_of(&mut defs[2]) = weights(1 << 10, OutputFormat::Logits);
        },
        expect!["layer `fc`: too large: more than 2147483648 weights"],
    );
}

#[test]
fn inputs() {
    let of = |shape, bits| {
        let format = CodeFormat { bits, sign: Sign::TwosComplement };
        let window = Window { padding: 1, ..POOL };
        let pool = LayerDef { name: "pool".to_owned(), input: LayerInput::Network, op: OpDef::MaxPool(window) };
        Network::new("toy", shape, format, vec![pool]).expect_err("a fault").to_string()
    };
    expect!["input shape 1×0×4 is not legal: 1 to 2147483648 values"].assert_eq(&of(Shape::new(1, 0, 4), 8));
    expect!["input shape 1×18446744073709551615×3 is not legal: 1 to 2147483648 values"]
        .assert_eq(&of(Shape::new(1, usize::MAX, 3), 8));
    expect!["input codes of 17 bits are not legal: 1 to 16"].assert_eq(&of(Shape::new(1, 4, 4), 17));
    expect!["layer `pool`: a max-pool of two's-complement codes has no padding"].assert_eq(&of(Shape::new(1, 4, 4), 8));
}

#[test]
fn widths() {
    check_toy(
        |defs| weights_of(&mut defs[0]).weight_bits = 17,
        expect!["layer `conv`: `weight_bits` = 17 is not legal: 1 to 16"],
    );
    check_toy(
        |defs| weights_of(&mut defs[0]).output = OutputFormat::Codes { bits: 0 },
        expect!["layer `conv`: `activation_bits` = 0 is not legal: 1 to 16"],
    );
    check_trained(
        |conv| conv.beta_fraction_bits = 21,
        0,
        expect!["layer `conv`: `beta_fraction_bits` = 21 is not legal: 0 to 20"],
    );
}

#[test]
fn sums_beyond_the_bound() {
    let of = |rows: usize| {
        let mut only = weights(1, OutputFormat::Logits);
        only.weight_bits = 16;
        only.tensors = Some(Tensors {
            minus: None,
            codes: Array2::zeros((1, rows)),
            alpha: vec![1.0],
            // With 2^16·2^20 as much again: a row reaches 2^16·2^37 = 2^53.
            beta: vec![i32::MIN],
            beta_fraction_bits: 15,
            output: OutputTensors::Logits { scale: vec![1.0], offset: vec![1.0] },
        });
        let def = LayerDef { name: "only".to_owned(), input: LayerInput::Network, op: OpDef::Linear(only) };
        Network::new("toy", Shape::new(rows, 1, 1), CodeFormat::unsigned(16), vec![def])
    };
    // A row reaches 2^16·(2^31 + 2^31) = 2^48, so that 2^7 rows reach the bound.
    assert!(of(128).is_ok());
    expect!["layer `only`: its sums may reach 36310271995674624, beyond 2^55; fewer bits or fewer inputs are needed"]
        .assert_eq(&of(129).expect_err("beyond").to_string());
}

#[test]
fn tensors_for_all_layers_or_none() {
    let mut defs = trained();
    *tensors_of(&mut defs[0]) = None;
    check(defs, expect!["layer `conv`: it has no tensors, but other layers have"]);
    let mut defs = trained();
    defs.truncate(2);
    check(defs, expect!["layer `pool`: the last layer of a network with tensors gives logits"]);
}

#[test]
fn tensors_of_other_shapes() {
    check_trained(
        |conv| conv.codes = Array2::zeros((2, 8)),
        0,
        expect!["layer `conv`: tensor `codes` has shape [2, 8]; legal: [2, 9]"],
    );
    check_trained(
        |conv| conv.alpha = vec![],
        0,
        expect!["layer `conv`: tensor `alpha` has shape [0]; legal: [1] or [2]"],
    );
    check_trained(
        |conv| conv.beta = vec![1; 3],
        0,
        expect!["layer `conv`: tensor `beta` has shape [3]; legal: [1] or [2]"],
    );
    check_trained(
        |conv| conv.output = OutputTensors::Logits { scale: vec![], offset: vec![] },
        0,
        expect!["layer `conv`: tensors of logits in a layer that gives codes"],
    );
    check_trained(
        |fc| fc.output = OutputTensors::Codes { thresholds: array![[]], direction: vec![] },
        2,
        expect!["layer `fc`: tensors of codes in a layer that gives logits"],
    );
    let with =
        |thresholds, direction| move |conv: &mut Tensors| conv.output = OutputTensors::Codes { thresholds, direction };
    check_trained(
        with(Array2::zeros((2, 4)), vec![Direction::Rising; 2]),
        0,
        expect!["layer `conv`: tensor `thresholds` has shape [2, 4]; legal: [2, 3]"],
    );
    check_trained(
        with(Array2::zeros((2, 3)), vec![Direction::Rising]),
        0,
        expect!["layer `conv`: tensor `direction` has shape [1]; legal: [2]"],
    );
    check_trained(
        |fc| fc.output = OutputTensors::Logits { scale: vec![1.0; 3], offset: vec![1.0] },
        2,
        expect!["layer `fc`: tensor `offset` has shape [1]; legal: [3]"],
    );
}

#[test]
fn tensors_with_illegal_values() {
    check_trained(
        |conv| conv.codes[[1, 4]] = 4,
        0,
        expect!["layer `conv`: tensor `codes` has 4 at channel 1, row 4; legal: 0 to 3, as weights have 2 bits"],
    );
    check_trained(
        |fc| fc.alpha[2] = 0.0,
        2,
        expect!["layer `fc`: tensor `alpha` has 0 at element 2; legal: finite and above 0"],
    );
    check_trained(
        |fc| fc.alpha[0] = f64::INFINITY,
        2,
        expect!["layer `fc`: tensor `alpha` has inf at element 0; legal: finite and above 0"],
    );
    check_trained(
        |fc| fc.output = OutputTensors::Logits { scale: vec![1.0, f64::NAN, 1.0], offset: vec![0.0; 3] },
        2,
        expect!["layer `fc`: tensor `scale` has NaN at element 1; legal: finite"],
    );
    let with = |thresholds| {
        let direction = vec![Direction::Rising, Direction::Falling];
        move |conv: &mut Tensors| conv.output = OutputTensors::Codes { thresholds, direction }
    };
    check_trained(
        with(array![[1, 0, 5], [1, 0, -5]]),
        0,
        expect![
            "layer `conv`: tensor `thresholds` of channel 0 goes from 1 to 0 at 1; legal: ascending, as its direction is 1"
        ],
    );
    check_trained(
        with(array![[i64::MIN, 0, i64::MAX], [1, 0, 5]]),
        0,
        expect![
            "layer `conv`: tensor `thresholds` of channel 1 goes from 0 to 5 at 2; legal: descending, as its direction is -1"
        ],
    );
}

/// The toy with a sum of its pool and a convolution of it.
fn residual() -> Vec<LayerDef> {
    let mut defs = toy();
    let read = |layer| LayerInput::Layer(LayerId(layer));
    let layer = |name: &str, input, op| LayerDef { name: name.to_owned(), input, op };
    defs.truncate(2);
    defs.push(layer("body", read(1), OpDef::Conv { window: CONV, weights: codes(2) }));
    defs.push(layer("sum", read(2), OpDef::Add(Add { skip: read(1), bits: 3 })));
    defs.push(layer("mean", read(3), OpDef::SumPool(POOL)));
    defs.push(layer("fc", read(4), OpDef::Linear(weights(3, OutputFormat::Logits))));
    defs
}

fn check_residual(change: impl FnOnce(&mut Vec<LayerDef>), expected: Expect) {
    let mut defs = residual();
    change(&mut defs);
    check(defs, expected);
}

#[test]
fn sums_keep_their_shape_and_sum_pools_widen_codes() -> Result<(), NetworkError> {
    let network = network(residual())?;
    assert_eq!(network.layer(LayerId(3)).out_shape(), Shape::new(2, 2, 2));
    assert_eq!(network.output_codes(LayerId(3)), Some(CodeFormat::unsigned(3)));
    // 4 · 7 = 28 has 5 bits.
    assert_eq!(network.output_codes(LayerId(4)), Some(CodeFormat::unsigned(5)));
    assert!(!network.is_chain());
    let inputs: Vec<_> = network.layer(LayerId(3)).inputs().collect();
    assert_eq!(inputs, [LayerInput::Layer(LayerId(2)), LayerInput::Layer(LayerId(1))]);
    Ok(())
}

#[test]
fn operands_have_one_shape_and_come_earlier() {
    check_residual(
        |defs| defs[3].op = OpDef::Add(Add { skip: LayerInput::Layer(LayerId(0)), bits: 3 }),
        expect!["layer `sum`: a map of 2×2×2 and a map of 2×4×4 cannot be added"],
    );
    check_residual(
        |defs| defs[3].op = OpDef::Add(Add { skip: LayerInput::Layer(LayerId(4)), bits: 3 }),
        expect!["layer `sum`: the second operand is not an earlier layer"],
    );
    check_residual(
        |defs| defs[3].op = OpDef::Add(Add { skip: LayerInput::Layer(LayerId(1)), bits: 17 }),
        expect!["layer `sum`: `bits` = 17 is not legal: 1 to 16"],
    );
}

#[test]
fn sums_fit_codes_and_are_of_unsigned_ones() {
    check_residual(
        |defs| {
            defs[3].op = OpDef::Add(Add { skip: LayerInput::Layer(LayerId(1)), bits: 15 });
        },
        expect!["layer `mean`: sums of 17 bits; a code has 16 at most"],
    );
    let pool = LayerDef { name: "mean".to_owned(), input: LayerInput::Network, op: OpDef::SumPool(POOL) };
    let signed = CodeFormat { bits: 8, sign: Sign::TwosComplement };
    let error = Network::new("toy", Shape::new(1, 4, 4), signed, vec![pool]).expect_err("a fault");
    expect!["layer `mean`: codes in two's complement cannot be added up; additions and sum-pools take unsigned codes"]
        .assert_eq(&error.to_string());
}
