//! What a user would run instead: the float product to which benches compare.
//!
//! Needs the cargo feature `baseline`.

/// The vectors that a float product takes, where a machine has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vectors {
    /// AVX2, as on machines for which the kernels beside are.
    UpTo256Bits,
    /// AVX-512 too.
    UpTo512Bits,
}

/// `[rows, depth] × [depth, columns] → [rows, columns]`, all row by row, on one thread.
///
/// # Panics
///
/// If a slice has not its shape.
pub fn multiply(
    vectors: Vectors,
    (rows, depth, columns): (usize, usize, usize),
    (left, right): (&[f32], &[f32]),
    product: &mut [f32],
) {
    assert_eq!((left.len(), right.len()), (rows * depth, depth * columns), "[rows, depth] × [depth, columns]");
    assert_eq!(product.len(), rows * columns, "[rows, columns]");
    macro_rules! multiply {
        ($gemm:expr, $one_thread:expr) => {
            // SAFETY: the slices hold as many numbers as the dimensions and strides reach, as checked above, and the
            // product overlaps neither factor, being borrowed mutably.
            unsafe {
                $gemm(
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
                    $one_thread,
                )
            }
        };
    }
    match vectors {
        Vectors::UpTo256Bits => {
            multiply!(gemm_f32_avx2::gemm::f32::get_gemm_fn(), gemm_common_avx2::Parallelism::None);
        }
        Vectors::UpTo512Bits => multiply!(gemm::gemm, gemm::Parallelism::None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_row_by_row() {
        for vectors in [Vectors::UpTo256Bits, Vectors::UpTo512Bits] {
            let mut product = [0.0; 4];
            let factors = (&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0][..], &[1.0, 0.0, 0.0, 1.0, 1.0, 1.0][..]);
            multiply(vectors, (2, 3, 2), factors, &mut product);
            assert_eq!(product, [4.0, 5.0, 10.0, 11.0]);
        }
    }
}
