//! "Did you mean".

/// The candidate nearest to `word`, if it is near enough to be what was meant; of equals the first.
pub fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let near_enough = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(edits, _)| *edits <= near_enough)
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, candidate)| candidate)
}

/// Edit distance with swaps of neighbours (optimal string alignment), in characters.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    let mut previous_a = None;
    for (a_idx, a_char) in a.chars().enumerate() {
        let mut row = vec![a_idx + 1];
        let mut left = a_idx + 1;
        let mut previous_b = None;
        for (b_idx, (&b_char, neighbours)) in b.iter().zip(last.windows(2)).enumerate() {
            let &[diagonal, above] = neighbours else { continue };
            let mut edits = (diagonal + usize::from(a_char != b_char)).min(above + 1).min(left + 1);
            if previous_a == Some(b_char)
                && previous_b == Some(a_char)
                && let Some(before) = b_idx.checked_sub(1).and_then(|idx| before_last.get(idx))
            {
                edits = edits.min(before + 1);
            }
            row.push(edits);
            left = edits;
            previous_b = Some(b_char);
        }
        before_last = std::mem::replace(&mut last, row);
        previous_a = Some(a_char);
    }
    last.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_edits_and_swaps() {
        for (a, b, edits) in [
            ("", "", 0),
            ("", "bits", 4),
            ("bits", "", 4),
            ("bits", "bits", 0),
            ("bitz", "bits", 1),
            ("bist", "bits", 1),
            ("ca", "abc", 3),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(a, b), edits, "{a} to {b}");
        }
    }

    #[test]
    fn far_words_are_not_meant() {
        assert_eq!(nearest("colour", ["bits", "kind"]), None);
        assert_eq!(nearest("cycle_tim", ["bits", "cycle_time", "cycle_times"]), Some("cycle_time"));
        assert_eq!(nearest("cat", ["car", "cap"]), Some("car"));
    }
}
