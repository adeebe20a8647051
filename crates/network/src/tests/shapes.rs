//! The shape-only traces that come with Rebias.

use expect_test::{Expect, expect};

use crate::*;

fn shipped(text: &str) -> Network {
    let toml = Named { name: "trace.toml".to_owned(), content: text.to_owned() };
    let trace = Trace::parse(&TraceFiles { toml, tensors: None, samples: None, calibration: None }).expect("legal");
    assert!(trace.network.is_shape_only());
    trace.network
}

fn check(text: &str, expected: Expect) {
    let network = shipped(text);
    let mut chart = format!("{} {} of {} bits\n", network.name(), network.input_shape(), network.input_format().bits);
    for (id, layer) in network.layers_with_ids() {
        let output = network.output_codes(id).map_or("logits".to_owned(), |format| format!("{} bits", format.bits));
        let weights =
            layer.weighted().map_or(String::new(), |weighted| format!(", {}-bit weights", weighted.weight_bits));
        chart +=
            &format!("{:<6}{:>5} rows to {} of {output}{weights}\n", layer.name(), layer.rows(), layer.out_shape());
    }
    chart += &format!("{} macs, classes {:?}\n", network.macs(), network.classes());
    expected.assert_eq(&chart);
}

#[test]
fn conv16() {
    check(
        include_str!("../../../../traces/shapes/conv16/trace.toml"),
        expect![[r#"
            conv16 12×16×16 of 16 bits
            conv    108 rows to 16×16×16 of 16 bits, 16-bit weights
            442368 macs, classes None
        "#]],
    );
}

#[test]
fn vgg8() {
    check(
        include_str!("../../../../traces/shapes/vgg8-32/trace.toml"),
        expect![[r#"
            vgg8-32 3×32×32 of 8 bits
            conv1    27 rows to 128×32×32 of 8 bits, 8-bit weights
            conv2  1152 rows to 128×32×32 of 8 bits, 8-bit weights
            pool1     0 rows to 128×16×16 of 8 bits
            conv3  1152 rows to 256×16×16 of 8 bits, 8-bit weights
            conv4  2304 rows to 256×16×16 of 8 bits, 8-bit weights
            pool2     0 rows to 256×8×8 of 8 bits
            conv5  2304 rows to 512×8×8 of 8 bits, 8-bit weights
            conv6  4608 rows to 512×8×8 of 8 bits, 8-bit weights
            pool3     0 rows to 512×4×4 of 8 bits
            fc1    8192 rows to 1024×1×1 of 8 bits, 8-bit weights
            fc2    1024 rows to 10×1×1 of logits, 8-bit weights
            615917568 macs, classes Some(10)
        "#]],
    );
}

#[test]
fn vgg11() {
    check(
        include_str!("../../../../traces/shapes/vgg11-32/trace.toml"),
        expect![[r#"
            vgg11-32 3×32×32 of 8 bits
            conv1    27 rows to 64×32×32 of 2 bits, 8-bit weights
            pool1     0 rows to 64×16×16 of 2 bits
            conv2   576 rows to 128×16×16 of 2 bits, 2-bit weights
            pool2     0 rows to 128×8×8 of 2 bits
            conv3  1152 rows to 256×8×8 of 2 bits, 2-bit weights
            conv4  2304 rows to 256×8×8 of 2 bits, 2-bit weights
            pool3     0 rows to 256×4×4 of 2 bits
            conv5  2304 rows to 512×4×4 of 2 bits, 2-bit weights
            conv6  4608 rows to 512×4×4 of 2 bits, 2-bit weights
            pool4     0 rows to 512×2×2 of 2 bits
            conv7  4608 rows to 512×2×2 of 2 bits, 2-bit weights
            conv8  4608 rows to 512×2×2 of 2 bits, 2-bit weights
            pool5     0 rows to 512×1×1 of 2 bits
            fc1     512 rows to 10×1×1 of logits, 8-bit weights
            152769536 macs, classes Some(10)
        "#]],
    );
}

#[test]
fn val_networks_for_imagenet_have_as_many_weights_as_torchvisions() {
    // torchvision's `num_params` less what is no weight: a bias of each output channel of VGG and AlexNet, batch norm's
    // scale and offset of ResNet's, a bias of each class. The multiply–accumulates follow from the published shapes.
    let cases = [
        (include_str!("../../../../traces/shapes/alexnet-224/trace.toml"), 61_100_840 - 10_344, 714_188_480),
        (include_str!("../../../../traces/shapes/vgg11-224/trace.toml"), 132_863_336 - 11_944, 7_609_090_048),
        (include_str!("../../../../traces/shapes/vgg13-224/trace.toml"), 133_047_848 - 12_136, 11_308_466_176),
        (include_str!("../../../../traces/shapes/vgg16-224/trace.toml"), 138_357_544 - 13_416, 15_470_264_320),
        (include_str!("../../../../traces/shapes/vgg19-224/trace.toml"), 143_667_240 - 14_696, 19_632_062_464),
        (include_str!("../../../../traces/shapes/resnet18-224/trace.toml"), 11_689_512 - 10_600, 1_814_073_344),
        (include_str!("../../../../traces/shapes/resnet34-224/trace.toml"), 21_797_672 - 18_024, 3_663_761_408),
    ];
    for (toml, expected, macs) in cases {
        let network = shipped(toml);
        let weights: usize =
            network.weighted_layers().map(|(_, layer, _)| layer.rows() * layer.out_shape().channels).sum();
        assert_eq!((weights, network.macs()), (expected, macs), "{}", network.name());
    }
}
