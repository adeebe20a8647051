//! What a user sees of a `trace.toml` that is at fault.

use expect_test::expect;

use super::toy_trace::check_toml;

#[test]
fn versions_and_syntax() {
    check_toml(
        "format_version = 1",
        "format_version = 2\nfuture = 1",
        expect![[r#"
            error: `format_version = 2`: this version of the trace format is not known
             --> toy/trace.toml:1:18
              |
            1 | format_version = 2
              |                  ^
              |
              = legal: 1
              = hint: a newer rebias may read it
        "#]],
    );
    check_toml(
        "format_version = 1\n",
        "",
        expect![[r#"
            error: `format_version`: missing key
            --> toy/trace.toml
             = legal: 1
        "#]],
    );
    check_toml(
        "[input]",
        "[input",
        expect![[r#"
        error: unclosed table, expected `]`
         --> toy/trace.toml:8:7
          |
        8 | [input
          |       ^

        error: duplicate key
          --> toy/trace.toml:24:3
           |
        24 | [[layers]]
           |   ^^^^^^

        2 faults
    "#]],
    );
}

#[test]
fn keys() {
    check_toml(
        "op = \"conv\"",
        "op = \"convolution\"",
        expect![[r#"
            error: `layers[0].op = "convolution"`: unknown word
              --> toy/trace.toml:15:6
               |
            15 | op = "convolution"
               |      ^^^^^^^^^^^^^
               |
               = legal: `conv`, `linear`, `max-pool`, `sum-pool`, `add`
        "#]],
    );
    check_toml(
        "stride = 1",
        "strides = 0",
        expect![[r#"
        error: `layers[0].stride`: missing key
          --> toy/trace.toml:13:1
           |
        13 | [[layers]]
           | ^^^^^^^^^^
           |
           = legal: 1..=16777216

        error: `layers[0].strides = 0`: unknown key
          --> toy/trace.toml:18:1
           |
        18 | strides = 0
           | ^^^^^^^
           |
           = hint: did you mean `stride`?

        2 faults
    "#]],
    );
    check_toml(
        "bits = 4",
        "bits = 17",
        expect![[r#"
        error: `input.bits = 17`: out of range
          --> toy/trace.toml:10:8
           |
        10 | bits = 17
           |        ^^
           |
           = legal: 1..=16
    "#]],
    );
    check_toml(
        "weight_bits = 2",
        "weight_bits = 0",
        expect![[r#"
        error: `layers[0].weight_bits = 0`: out of range
          --> toy/trace.toml:20:15
           |
        20 | weight_bits = 0
           |               ^
           |
           = legal: 1..=16
    "#]],
    );
    check_toml(
        "shape = [1, 2, 2]",
        "shape = [2, 2]",
        expect![[r#"
        error: `input.shape = [2, 2]`: a shape has three numbers
         --> toy/trace.toml:9:9
          |
        9 | shape = [2, 2]
          |         ^^^^^^
          |
          = legal: [channels, rows, columns]
    "#]],
    );
    check_toml(
        "kernel = 2",
        "kernel = [2, 2, 2]",
        expect![[r#"
        error: `layers[0].kernel = [2, 2, 2]`: a kernel has one or two extents
          --> toy/trace.toml:17:10
           |
        17 | kernel = [2, 2, 2]
           |          ^^^^^^^^^
           |
           = legal: an integer, or [rows, columns]
    "#]],
    );
    check_toml(
        "representation = \"biased\"",
        "representation = \"offset\"",
        expect![[r#"
            error: `layers[0].representation = "offset"`: unknown word
              --> toy/trace.toml:21:18
               |
            21 | representation = "offset"
               |                  ^^^^^^^^
               |
               = legal: `biased`, `pair`, `pair-two-scales`
        "#]],
    );
    check_toml(
        "licence = \"CC0-1.0\"\n",
        "",
        expect![[r#"
        error: `provenance.licence`: missing key
         --> toy/trace.toml:4:1
          |
        4 | [provenance]
          | ^^^^^^^^^^^^
          |
          = legal: a string
    "#]],
    );
    check_toml(
        "[provenance]\ndata_set = \"made by hand\"\nlicence = \"CC0-1.0\"\n",
        "",
        expect![[r#"
            error: `provenance`: missing key: images are there, but not where they come from
            --> toy/trace.toml
             = legal: a table with `data_set` and `licence`
        "#]],
    );
}

#[test]
fn layers_that_do_not_fit() {
    check_toml(
        "name = \"fc\"",
        "name = \"fc\"\ninput = \"pool\"",
        expect![[r#"
        error: `layers[1].input = "pool"`: no earlier layer has this name
          --> toy/trace.toml:26:9
           |
        26 | input = "pool"
           |         ^^^^^^
           |
           = legal: `input`, `conv`
    "#]],
    );
    check_toml(
        "name = \"fc\"",
        "name = \"fc\"\ninput = \"input\"",
        expect![[r#"
        error: `layers[0]`: no layer reads its output
          --> toy/trace.toml:13:1
           |
        13 | [[layers]]
           | ^^^^^^^^^^
    "#]],
    );
    check_toml(
        "name = \"fc\"",
        "name = \"conv\"",
        expect![[r#"
        error: `layers[1].name = "conv"`: the name is taken by an earlier layer or by the network's input
          --> toy/trace.toml:25:8
           |
        25 | name = "conv"
           |        ^^^^^^
    "#]],
    );
    check_toml(
        "kernel = 2",
        "kernel = [3, 2]",
        expect![[r#"
        error: `layers[0].kernel = [3, 2]`: a window of 3×2 does not fit on an input of 1×2×2 padded by 0
          --> toy/trace.toml:17:10
           |
        17 | kernel = [3, 2]
           |          ^^^^^^
    "#]],
    );
    check_toml(
        "activation_bits = 1\n",
        "",
        expect![[r#"
            error: `layers[0].activation_bits`: only the last layer gives logits
              --> toy/trace.toml:13:1
               |
            13 | [[layers]]
               | ^^^^^^^^^^
               |
               = hint: without `activation_bits` a layer gives logits
        "#]],
    );
    check_toml(
        "weight_bits = 1\n",
        "weight_bits = 1\nactivation_bits = 4\n",
        expect![[r#"
            error: `layers[1].activation_bits = 4`: the last layer of a network with tensors gives logits
              --> toy/trace.toml:29:19
               |
            29 | activation_bits = 4
               |                   ^
               |
               = hint: leave this key out
        "#]],
    );
    check_toml(
        "out_channels = 3",
        "out_channels = 16777216",
        expect![[r#"
            error: `layers[1].out_channels = 16777216`: out of range
              --> toy/trace.toml:27:16
               |
            27 | out_channels = 16777216
               |                ^^^^^^^^
               |
               = legal: 1..=65536
        "#]],
    );
    check_toml(
        "shape = [1, 2, 2]",
        "shape = [16777216, 16777216, 16777216]",
        expect![[r#"
            error: `input`: input shape 16777216×16777216×16777216 is not legal: 1 to 2147483648 values
             --> toy/trace.toml:8:1
              |
            8 | [input]
              | ^^^^^^^
        "#]],
    );
}
