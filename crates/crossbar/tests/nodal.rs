//! Arrays with wires against independent nodal solutions; `data/nodal.py` and `data/curved.py` made them.

use std::collections::BTreeMap;

use rebias_crossbar::{
    CellSpec, CrossbarModel, CrossbarSpec, CurrentVoltageSpec, NonIdealities, OnOff, Precision, ProgrammedCell,
    ProgrammedCrossbar, ReadEnergy, Solve, WiringSpec, Workspace,
};
use rebias_units::{Conductance, Resistance, Voltage};

/// One cell of the table.
struct Row {
    word_line: usize,
    bit_line: usize,
    cell: f64,
    current: f64,
}

/// Arrays by name, with the resistance of their segments.
fn arrays() -> BTreeMap<String, (f64, Vec<Row>)> {
    let mut arrays = BTreeMap::new();
    for line in include_str!("data/nodal.csv").lines().skip(1) {
        let fields: Vec<_> = line.split(',').collect();
        let number = |at: usize| fields[at].parse::<f64>().expect("a number");
        let row =
            Row { word_line: number(2) as usize, bit_line: number(3) as usize, cell: number(4), current: number(5) };
        arrays.entry(fields[0].to_owned()).or_insert((number(1), Vec::new())).1.push(row);
    }
    arrays
}

/// One level is one microsiemens, and cells are ohmic.
fn model(segment: f64, size: (u32, u32)) -> CrossbarModel {
    let wiring = WiringSpec { segment: Resistance::from_ohms(segment), ..WiringSpec::IDEAL };
    model_of(wiring, None, size)
}

fn model_of(
    wiring: WiringSpec,
    current_voltage: Option<CurrentVoltageSpec>,
    (word_lines, bit_lines): (u32, u32),
) -> CrossbarModel {
    CrossbarModel::new(&CrossbarSpec {
        word_lines,
        bit_lines,
        active_word_lines: word_lines,
        cell: CellSpec {
            bits: 2,
            device_bits: 2,
            on_off: OnOff::Infinite,
            on_conductance: Conductance::from_microsiemens(3.0),
            read_voltage: Voltage::from_volts(0.2),
            read_energy: ReadEnergy::Constant,
            headroom: 0.0,
            non_idealities: NonIdealities { current_voltage, ..NonIdealities::NONE },
        },
        wiring,
        solve: Solve::Matrix,
    })
}

#[test]
fn val_wires_agree_with_an_independent_nodal_solution() {
    let arrays = arrays();
    assert_eq!(arrays.len(), 4);
    for (name, (segment, rows)) in arrays {
        let last = rows.last().expect("an array has cells");
        let (n_word_lines, n_bit_lines) = (last.word_line + 1, last.bit_line + 1);
        assert_eq!(rows.len(), n_word_lines * n_bit_lines, "{name}");
        let cells = rows.iter().map(|row| ProgrammedCell { level: 0, conductance: row.cell }).collect();
        let model = model(segment, (n_word_lines as u32, n_bit_lines as u32));
        let effective = model.effective(
            &ProgrammedCrossbar { cells, n_bit_lines },
            Precision::Reference,
            &mut Workspace::default(),
        );
        let effective = effective.expect("it converges");
        for (row, found) in rows.iter().zip(effective.conductances) {
            let error = (found - row.current).abs() / row.current;
            assert!(error < 1e-9, "{name} [{}][{}]: {found}, {} ({error:e})", row.word_line, row.bit_line, row.current);
        }
    }
}

#[test]
fn val_reads_of_curved_cells_agree_with_an_independent_nodal_solution() {
    let mut arrays: BTreeMap<&str, Vec<Vec<f64>>> = BTreeMap::new();
    for line in include_str!("data/curved.csv").lines().skip(1) {
        let (name, numbers) = line.split_once(',').expect("a name");
        let numbers = numbers.split(',').map(|number| number.parse().expect("a number")).collect();
        arrays.entry(name).or_default().push(numbers);
    }
    assert_eq!(arrays.len(), 3);
    for (name, rows) in arrays {
        let [segment, access, a1, a2, a3, ..] = rows[0][..] else { panic!("{name}: columns are missing") };
        let n_bit_lines = rows.iter().filter(|row| row[5] == 0.0).count();
        let wiring = WiringSpec {
            segment: Resistance::from_ohms(segment),
            access: Resistance::from_ohms(access),
            ..WiringSpec::IDEAL
        };
        let curve = CurrentVoltageSpec { coefficients: vec![vec![a1, a2, a3]; 4] };
        let model = model_of(wiring, Some(curve), ((rows.len() / n_bit_lines) as u32, n_bit_lines as u32));
        let cells = rows.iter().map(|row| ProgrammedCell { level: 0, conductance: row[7] }).collect();
        let drives: Vec<f64> = rows.iter().step_by(n_bit_lines).map(|row| row[8]).collect();
        let array = ProgrammedCrossbar { cells, n_bit_lines };
        let read = model.read(&array, &drives, Precision::Reference).expect("it converges");
        for (bit_line, row) in rows[..n_bit_lines].iter().enumerate() {
            let found: f64 = read.cells.iter().skip(bit_line).step_by(n_bit_lines).sum();
            let error = (found - row[9]).abs() / row[9];
            assert!(error < 1e-9, "{name} [{bit_line}]: {found}, {} ({error:e})", row[9]);
        }
        assert!(
            model.effective(&array, Precision::Reference, &mut Workspace::default()).is_err(),
            "no matrix stands for {name}"
        );
    }
}

#[test]
fn a_read_of_ohmic_cells_is_what_their_matrix_gives() {
    for (name, (segment, rows)) in arrays() {
        let last = rows.last().expect("an array has cells");
        let (n_word_lines, n_bit_lines) = (last.word_line + 1, last.bit_line + 1);
        let model = model(segment, (n_word_lines as u32, n_bit_lines as u32));
        let cells = rows.iter().map(|row| ProgrammedCell { level: 0, conductance: row.cell }).collect();
        let drives: Vec<f64> = (0..n_word_lines).map(|line| (line % 4) as f64 / 3.0).collect();
        let array = ProgrammedCrossbar { cells, n_bit_lines };
        let read = model.read(&array, &drives, Precision::Reference).expect("it converges");
        for bit_line in 0..n_bit_lines {
            let found: f64 = read.cells.iter().skip(bit_line).step_by(n_bit_lines).sum();
            let column = rows.iter().filter(|row| row.bit_line == bit_line);
            let expected: f64 = column.map(|row| row.current * drives[row.word_line]).sum();
            assert!((found - expected).abs() < 1e-9 * expected, "{name} [{bit_line}]: {found}, {expected}");
        }
    }
}
