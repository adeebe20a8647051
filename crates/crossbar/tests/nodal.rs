//! Arrays with wires against an independent nodal solution; `data/nodal.py` made it.

use std::collections::BTreeMap;

use rebias_crossbar::{
    CellSpec, CrossbarModel, CrossbarSpec, NonIdealities, OnOff, Precision, ProgrammedCell, ProgrammedCrossbar,
    ReadEnergy, WiringSpec,
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

/// One level is one microsiemens.
fn model(segment: f64, (word_lines, bit_lines): (u32, u32)) -> CrossbarModel {
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
            non_idealities: NonIdealities::NONE,
        },
        wiring: WiringSpec { segment: Resistance::from_ohms(segment), ..WiringSpec::IDEAL },
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
        let effective = model.effective(&ProgrammedCrossbar { cells, n_bit_lines }, Precision::Reference);
        let effective = effective.expect("it converges");
        for (row, found) in rows.iter().zip(effective.conductances) {
            let error = (found - row.current).abs() / row.current;
            assert!(error < 1e-9, "{name} [{}][{}]: {found}, {} ({error:e})", row.word_line, row.bit_line, row.current);
        }
    }
}
