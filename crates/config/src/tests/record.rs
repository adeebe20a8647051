//! What readers ask is written down.

use crate::{Document, Interval, Need, Recorder, Wants};

#[test]
fn every_question_is_written_down_once_with_what_it_takes() {
    let recorder = Recorder::default();
    let text = "[adc]\nbits = 8\n[[row]]\n";
    let document = Document::parse("arch.toml", text).expect("valid TOML").recorded_by(&recorder);
    let _ = document.read(|root| {
        let adc = root.table("adc")?;
        // A reader may look before it asks.
        adc.optional_value("bits");
        let bits: Option<u32> = adc.integer("bits", 1..=16);
        adc.number_or("gain", Interval::positive(), 1.5);
        adc.choice_or_first("range", &[("full", 1), ("fixed", 2)]);
        adc.optional_string("note");
        root.tables("row")?.iter().for_each(|row| drop(row.keys()));
        bits
    });
    let asked: Vec<_> = recorder
        .questions()
        .into_iter()
        .map(|one| (one.table, one.key.unwrap_or_default(), one.wants, one.need))
        .collect();
    let asked: Vec<_> = asked.iter().map(|(table, key, wants, need)| (&**table, &**key, wants, need)).collect();
    let words = Wants::Choice(vec!["full".to_owned(), "fixed".to_owned()]);
    assert_eq!(
        asked,
        [
            ("", "adc", &Wants::Table, &Need::Required),
            ("adc", "bits", &Wants::Integer(1..=16), &Need::Required),
            ("adc", "gain", &Wants::Number(Interval::positive()), &Need::Default("1.5".to_owned())),
            ("adc", "range", &words, &Need::Default("\"full\"".to_owned())),
            ("adc", "note", &Wants::String, &Need::Optional),
            ("", "row", &Wants::Tables, &Need::Required),
            ("row[0]", "", &Wants::Any, &Need::Optional),
        ]
    );
}

#[test]
fn a_key_that_is_absent_has_its_default() {
    let document = Document::parse("arch.toml", "").expect("valid TOML");
    let read = document.read(|root| {
        let bits = root.integer_or("bits", 1..=16, 8);
        let gain = root.number_or("gain", Interval::positive(), 1.5);
        let range = root.choice_or_first("range", &[("full", 1), ("fixed", 2)]);
        Some((bits?, gain?, range?))
    });
    assert_eq!(read.expect("nothing is missing"), (8, 1.5, 1));
}

#[test]
fn what_is_disregarded_is_not_unknown() {
    let document = Document::parse("arch.toml", "a = 1\nb = 2").expect("valid TOML");
    let told = document.read(|root| {
        root.fault("a", "odd");
        root.disregard();
        None::<()>
    });
    assert_eq!(told.expect_err("a fault").iter().count(), 1);
}
