//! What a user would run instead: the float product to which benches compare.
//!
//! Needs the cargo feature `baseline`.

/// `[rows, depth] × [depth, columns] → [rows, columns]`, all row by row, on one thread.
///
/// # Panics
///
/// If a slice has not its shape.
pub fn multiply((rows, depth, columns): (usize, usize, usize), left: &[f32], right: &[f32], product: &mut [f32]) {
    assert_eq!((left.len(), right.len()), (rows * depth, depth * columns), "[rows, depth] × [depth, columns]");
    assert_eq!(product.len(), rows * columns, "[rows, columns]");
    // SAFETY: the slices hold as many numbers as the dimensions and strides reach, as checked above, and the product
    // overlaps neither factor, being borrowed mutably.
    unsafe {
        gemm::gemm(
            rows,
            columns,
            depth,
            product.as_mut_ptr(),
            1,
            columns as isize,
            false,
            left.as_ptr(),
            1,
            depth as isize,
            right.as_ptr(),
            1,
            columns as isize,
            0.0,
            1.0,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_row_by_row() {
        let mut product = [0.0; 4];
        multiply((2, 3, 2), &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &[1.0, 0.0, 0.0, 1.0, 1.0, 1.0], &mut product);
        assert_eq!(product, [4.0, 5.0, 10.0, 11.0]);
    }
}
