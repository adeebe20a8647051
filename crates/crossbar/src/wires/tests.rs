//! Small arrays worked by hand, and the balance of currents.

use proptest::prelude::*;

use super::*;

fn effective(cells: &[f64], n_bit_lines: usize) -> Vec<f64> {
    let effective =
        WiredArray::new(cells.to_vec(), n_bit_lines).effective(Precision::Reference, &mut Workspace::default());
    effective.expect("it converges").matrix
}

fn assert_close(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        // A residual of 10⁻¹³ times the condition of the tests' most conductive array, about 100.
        assert!((found - expected).abs() <= 2e-11 * expected.abs(), "{found} {expected}");
    }
}

#[test]
fn one_cell_is_in_series_with_two_segments() {
    for cell in [0.0, 1e-3, 0.5, 40.0] {
        assert_close(&effective(&[cell], 1), &[cell / (1.0 + 2.0 * cell)]);
    }
}

#[test]
fn a_word_line_of_cells_is_a_ladder() {
    // From the end: a cell and its segment to ground, a segment, in parallel with the next …
    let cells = [0.2, 0.05, 0.1];
    let to_ground = cells.map(|cell| cell / (1.0 + cell));
    let mut admittance = 0.0;
    let mut shares = [0.0; 3];
    for (share, branch) in shares.iter_mut().zip(to_ground).rev() {
        // Voltage at the node, for each volt before its segment.
        *share = 1.0 / (1.0 + admittance + branch);
        admittance = (admittance + branch) * *share;
    }
    let mut voltage = 1.0;
    let expected = shares.iter().zip(to_ground).map(|(share, branch)| {
        voltage *= share;
        voltage * branch
    });
    assert_close(&effective(&cells, 3), &expected.collect::<Vec<_>>());
}

#[test]
fn a_bit_line_of_cells_is_a_ladder_too() {
    // By reciprocity, driving the word lines of a column is driving a word line's cells from their other ends.
    let cells = [0.1, 0.05, 0.2];
    let mut upside_down = cells;
    upside_down.reverse();
    let mut expected = effective(&upside_down, 3);
    expected.reverse();
    assert_close(&effective(&cells, 1), &expected);
}

#[test]
fn wires_that_conduct_well_change_little() {
    let cells: Vec<_> = (0..64).map(|at| 1e-9 * f64::from(at % 5)).collect();
    for (found, cell) in effective(&cells, 8).iter().zip(&cells) {
        assert!((found - cell).abs() < 1e-6 * cell + 1e-20);
    }
}

#[test]
fn an_array_that_is_all_wire_is_an_error() {
    let array = WiredArray::new(vec![1e9; 64 * 64], 64).effective(Precision::Reference, &mut Workspace::default());
    assert!(matches!(array, Err(CrossbarError::NotConverged { .. })));
}

/// Cells between `highest`/50 and `highest`, in no order.
fn assorted(n: usize, highest: f64) -> Vec<f64> {
    let share = |at: u32| f64::from(at.wrapping_mul(2_654_435_761) >> 20) / 4096.0;
    (1..=n as u32).map(|at| highest * (0.02 + 0.98 * share(at))).collect()
}

#[test]
fn a_solution_for_networks_is_as_near_as_its_residual_says() {
    // Cells of 20 kΩ and more on segments of 2.5 Ω; cells that conduct better, where word lines fill no group; scales that
    // are not for single precision.
    let arrays = [(128, 128, 1.25e-4), (37, 21, 1e-3), (9, 5, 0.05), (3, 64, 1e-3), (5, 128, 0.05), (1, 1, 1e-3)];
    for (n_words, n, highest) in arrays {
        let cells = assorted(n_words * n, highest);
        let solved = |precision| {
            WiredArray::new(cells.clone(), n).effective(precision, &mut Workspace::default()).expect("it converges")
        };
        let (network, reference) = (solved(Precision::Network), solved(Precision::Reference));
        assert!(network.residual <= 1e-6 && reference.residual <= 1e-13);
        // A current left over at a node would have flowed to the sense amplifiers, or less of it.
        let nodes = (n_words * n) as f64;
        let rows = network.matrix.chunks_exact(n).zip(reference.matrix.chunks_exact(n)).zip(cells.chunks_exact(n));
        for ((network_row, reference_row), row) in rows {
            let error: f64 = network_row.iter().zip(reference_row).map(|(found, exact)| (found - exact).abs()).sum();
            let driven = (2.0 * row.iter().map(|cell| cell * cell).sum::<f64>()).sqrt();
            let bound = nodes.sqrt() * (network.residual + reference.residual) * driven;
            assert!(error <= bound + 1e-15 * driven, "{n_words} × {n} of {highest}: {error} {bound}");
        }
    }
}

#[test]
fn what_was_solved_before_changes_nothing() {
    let mut workspace = Workspace::default();
    for precision in [Precision::Network, Precision::Reference] {
        for (n_words, n, highest) in [(37, 21, 1e-3), (37, 21, 1e-4), (21, 37, 1e-3), (9, 5, 0.05), (37, 21, 1e-3)] {
            let array = WiredArray::new(assorted(n_words * n, highest), n);
            let after_others = array.effective(precision, &mut workspace).expect("it converges");
            let alone = array.effective(precision, &mut Workspace::default()).expect("it converges");
            assert_eq!((after_others.matrix, after_others.residual), (alone.matrix, alone.residual));
        }
    }
}

/// e of a word line, by elimination, from the currents that it would have without it.
fn drop(array: &WiredArray, word: usize, current: &dyn Fn(usize) -> f64) -> Vec<f64> {
    let n = array.n_bit_lines;
    let (mut pivots, mut drop) = (vec![0.0; n], vec![0.0; n]);
    let before = |values: &[f64], bit: usize| if bit == 0 { 0.0 } else { values[bit - 1] };
    for bit in 0..n {
        let segments = if bit + 1 == n { 1.0 } else { 2.0 };
        pivots[bit] = 1.0 / (segments + array.cells[word * n + bit] - before(&pivots, bit));
        drop[bit] = (current(bit) + before(&drop, bit)) * pivots[bit];
    }
    for bit in (1..n).rev() {
        drop[bit - 1] += pivots[bit - 1] * drop[bit];
    }
    drop
}

/// Currents that are left over at the nodes, computed node by node.
fn residual(array: &WiredArray, voltages: &Voltages, lane: usize) -> f64 {
    let n = array.n_bit_lines;
    let n_words = array.cells.len() / n;
    let rise = |word: usize, bit: usize| {
        // Behind the last are the sense amplifiers.
        let scale = array.bit_scales.get(word * n + bit).unwrap_or(&1.0);
        voltages.rise[(word + 1) * n + bit][lane] * scale
    };
    let mut left: f64 = 0.0;
    for word in 0..n_words {
        let driven = if word == lane { 1.0 } else { 0.0 };
        let drop = drop(array, word, &|bit| array.cells[word * n + bit] * (driven - rise(word, bit)));
        for (bit, drop) in drop.iter().enumerate() {
            let cell = array.cells[word * n + bit] * (driven - drop - rise(word, bit));
            let above = if word > 0 { rise(word - 1, bit) - rise(word, bit) } else { 0.0 };
            let below = rise(word + 1, bit) - rise(word, bit);
            left = left.max((cell + above + below).abs());
        }
    }
    left
}

proptest! {
    #[test]
    fn prop_currents_balance_and_the_matrix_is_that_of_the_mirrored_network(
        cells in prop::collection::vec(0.0..0.01f64, 24),
    ) {
        let array = WiredArray::new(cells.clone(), 4);
        let mut voltages = Voltages::new(24, 4);
        array.solve(0, &mut voltages, (Precision::Reference, 2)).expect("it converges");
        for lane in 0..LANES.min(6) {
            prop_assert!(residual(&array, &voltages, lane) < 1e-14);
        }
        // Reciprocity: exchange word lines and bit lines, and mirror both.
        let matrix = effective(&cells, 4);
        let transposed: Vec<_> = (0..24).map(|at| cells[(5 - at % 6) * 4 + (3 - at / 6)]).collect();
        let mirrored = effective(&transposed, 6);
        for at in 0..24 {
            prop_assert!((mirrored[at] - matrix[(5 - at % 6) * 4 + (3 - at / 6)]).abs() < 1e-12);
        }
    }
}
