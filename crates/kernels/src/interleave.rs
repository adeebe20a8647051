//! Rows become columns: by registers whose elements are taken in turn, as every instruction set can.

/// The elements of two rows in turn.
#[inline(always)]
fn interleaved<T: Copy, const N: usize>(first: &[T; N], second: &[T; N]) -> [[T; N]; 2] {
    let of_both = |at: usize| if at.is_multiple_of(2) { first[at / 2] } else { second[at / 2] };
    [std::array::from_fn(of_both), std::array::from_fn(|at| of_both(N + at))]
}

/// Element j of row i becomes element i of row j; `N` is a power of two.
#[inline(always)]
pub(crate) fn transposed<T: Copy, const N: usize>(mut rows: [[T; N]; N]) -> [[T; N]; N] {
    // The numbers of an element's row and place are one number, rotated by a bit each time.
    for _ in 0..N.ilog2() {
        let before = rows;
        let (low, high) = before.split_at(N / 2);
        for ((pair, low), high) in rows.as_chunks_mut::<2>().0.iter_mut().zip(low).zip(high) {
            *pair = interleaved(low, high);
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_become_columns() {
        let rows: [[u16; 8]; 8] = std::array::from_fn(|row| std::array::from_fn(|column| (10 * row + column) as u16));
        let expected: [[u16; 8]; 8] =
            std::array::from_fn(|row| std::array::from_fn(|column| (10 * column + row) as u16));
        assert_eq!(transposed(rows), expected);
    }
}
