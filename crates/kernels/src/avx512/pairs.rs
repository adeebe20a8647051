//! From look-up to totals without leaving registers, for pairs of slices of which one is worth twice the other.

use std::arch::x86_64::*;

use super::{block_normals, in_order, load, load_bytes, load_totals, store_totals};
use crate::patterns::QUAD;
use crate::random::Key;
use crate::tiled::{Codes, Noise, Pair, Room, Totals};
use crate::tiles::TILE;
use crate::words::Steps;
use crate::{LANES, SliceSign, Vector};

/// Words of a vector's even lanes, and of its odd lanes.
const HALVES: usize = 2;

/// Adds what becomes of the sums of bytes over the groups of `tables`, `[group][column]`, for quads of `vectors`,
/// `[group][vector]`, `stride` a group.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
pub(crate) fn add_bytes(
    tables: &[Vector],
    (vectors, stride): (&[Vector], usize),
    (codes, room): (&Codes, Room),
    (quads, totals): (&[[Pair; 2]], &mut Totals<'_>),
) {
    for (quad, pairs) in quads.iter().enumerate() {
        if !totals.has(pairs[0].position) {
            break;
        }
        totals.prefetch(pairs);
        let mut registers = [[_mm512_setzero_si512(); TILE]; QUAD];
        for (tables, vectors) in tables.as_chunks::<TILE>().0.iter().zip(vectors[quad * QUAD..].chunks(stride)) {
            let Some(vectors) = vectors.first_chunk::<QUAD>() else { break };
            let tables = [load(&tables[0]), load(&tables[1]), load(&tables[2]), load(&tables[3])];
            for (registers, vector) in registers.iter_mut().zip(vectors) {
                let index = load(vector);
                for (register, table) in registers.iter_mut().zip(tables) {
                    *register = _mm512_add_epi8(*register, _mm512_permutexvar_epi8(index, table));
                }
            }
        }
        convert_bytes(codes, &mut registers);
        let [a, b, c, d] = registers;
        add_quad([joined([a, b], room), joined([c, d], room)], (pairs, totals));
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
fn convert_bytes(codes: &Codes, registers: &mut [[__m512i; TILE]; QUAD]) {
    match codes {
        Codes::Same => {}
        Codes::Clip(max) => {
            let max = _mm512_set1_epi8(*max as i8);
            for register in registers.as_flattened_mut() {
                *register = _mm512_min_epu8(*register, max);
            }
        }
        Codes::Table(codes) => {
            let [a, b, c, d] = *codes.as_chunks::<LANES>().0 else { return };
            let (a, b, c, d) = (load_bytes(&a), load_bytes(&b), load_bytes(&c), load_bytes(&d));
            for register in registers.as_flattened_mut() {
                // Each looks at the low seven bits.
                let low = _mm512_permutex2var_epi8(a, *register, b);
                let high = _mm512_permutex2var_epi8(c, *register, d);
                *register = _mm512_mask_blend_epi8(_mm512_movepi8_mask(*register), low, high);
            }
        }
        Codes::Near { first, codes } => {
            let [low, high] = codes.as_chunks::<LANES>().0 else { return };
            let (low, high) = (load_bytes(low), load_bytes(high));
            let (first, last) = (_mm512_set1_epi8(*first as i8), _mm512_set1_epi8(127));
            for register in registers.as_flattened_mut() {
                let index = _mm512_min_epu8(_mm512_subs_epu8(*register, first), last);
                *register = _mm512_permutex2var_epi8(low, index, high);
            }
        }
    }
}

/// As [`add_bytes`] for words; noise is added to the sums.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,vaes")]
pub(crate) fn add_words(
    tables: &[Vector],
    (vectors, stride): (&[Vector], usize),
    (steps, room): (&Steps, Room),
    noise: Option<&Noise<'_>>,
    (quads, totals): (&[[Pair; 2]], &mut Totals<'_>),
) {
    for (quad, pairs) in quads.iter().enumerate() {
        if !totals.has(pairs[0].position) {
            break;
        }
        for (half, pair) in pairs.iter().enumerate() {
            add_words_of_pair(tables, (vectors, stride, quad * QUAD + 2 * half), (steps, room), noise, (pair, totals));
        }
    }
}

/// Adds what a pair of vectors gives, the `first` and the next.
///
/// Not inlined: moved out of the loop over pairs, the multiplier's widening would keep the compiler from seeing
/// `VPMULHUW`.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,vaes")]
fn add_words_of_pair(
    tables: &[Vector],
    (vectors, stride, first): (&[Vector], usize, usize),
    (steps, room): (&Steps, Room),
    noise: Option<&Noise<'_>>,
    (pair, totals): (&Pair, &mut Totals<'_>),
) {
    let mut sums = [[[_mm512_set1_epi16(steps.plus as i16); HALVES]; TILE]; 2];
    if let Some(noise) = noise {
        for (which, sums) in sums.iter_mut().enumerate() {
            for (column, sums) in sums.iter_mut().enumerate() {
                let key = noise.key(pair.position, pair.slices[which], column);
                let [even, odd] = samples(noise.shift, key, load(noise.sigmas.of(first + which, column)));
                *sums = [_mm512_add_epi16(sums[0], even), _mm512_add_epi16(sums[1], odd)];
            }
        }
    }
    let sums = sum_words(tables, (&vectors[first..], stride), sums);
    add_pair(joined(converted(steps, &sums), room), (pair, totals));
}

/// The sums of words for two vectors of each of `vectors`, `[vector][column]`, beyond those that there are.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn sum_words(
    tables: &[Vector],
    (vectors, stride): (&[Vector], usize),
    mut sums: [[[__m512i; HALVES]; TILE]; 2],
) -> [[[__m512i; HALVES]; TILE]; 2] {
    for (tables, vectors) in tables.as_chunks::<{ 2 * TILE }>().0.iter().zip(vectors.chunks(stride)) {
        let Some(vectors) = vectors.first_chunk::<2>() else { break };
        for (sums, vector) in sums.iter_mut().zip(vectors) {
            let even = load(vector);
            // The look-up goes by the low six bits of each word.
            let odd = _mm512_srli_epi16::<8>(even);
            for (sums, tables) in sums.iter_mut().zip(tables.as_chunks::<2>().0) {
                let (low, high) = (load(&tables[0]), load(&tables[1]));
                sums[0] = _mm512_add_epi16(sums[0], _mm512_permutex2var_epi16(low, even, high));
                sums[1] = _mm512_add_epi16(sums[1], _mm512_permutex2var_epi16(low, odd, high));
            }
        }
    }
    sums
}

/// The codes of sums in words, as bytes, lanes in order.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn converted(steps: &Steps, sums: &[[[__m512i; HALVES]; TILE]; 2]) -> [[__m512i; TILE]; 2] {
    let (minus, limit) = (_mm512_set1_epi16(steps.minus as i16), _mm512_set1_epi16(steps.limit as i16));
    let (multiplier, shift) =
        (_mm512_set1_epi16(steps.multiplier as i16), _mm_cvtsi32_si128(steps.multiplier_shift as i32));
    let code = |sum: __m512i| {
        let numerator = _mm512_min_epu16(_mm512_subs_epu16(sum, minus), limit);
        _mm512_srl_epi16(_mm512_mulhi_epu16(numerator, multiplier), shift)
    };
    let mut codes = [[_mm512_setzero_si512(); TILE]; 2];
    for (codes, [even, odd]) in codes.as_flattened_mut().iter_mut().zip(sums.as_flattened()) {
        *codes = _mm512_or_si512(code(*even), _mm512_slli_epi16::<8>(code(*odd)));
    }
    codes
}

/// Codes of a slice and twice those of the next, `[slice][column]`, in words.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn joined([lows, highs]: [[__m512i; TILE]; 2], room: Room) -> [[__m512i; HALVES]; TILE] {
    let mut joined = [[_mm512_setzero_si512(); HALVES]; TILE];
    for (joined, (low, high)) in joined.iter_mut().zip(lows.into_iter().zip(highs)) {
        *joined = match room {
            Room::Bytes => widened(_mm512_add_epi8(low, _mm512_add_epi8(high, high))),
            Room::Words => {
                let ([a, b], [c, d]) = (widened(low), widened(high));
                [_mm512_add_epi16(a, _mm512_slli_epi16::<1>(c)), _mm512_add_epi16(b, _mm512_slli_epi16::<1>(d))]
            }
        };
    }
    joined
}

/// Adds what two pairs give, `[column]`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn add_quad([first, second]: [[[__m512i; HALVES]; TILE]; 2], (pairs, totals): (&[Pair; 2], &mut Totals<'_>)) {
    if pairs[0].position == pairs[1].position {
        let apart = _mm_cvtsi32_si128((pairs[1].shift - pairs[0].shift) as i32);
        let mut both = first;
        for (both, second) in both.as_flattened_mut().iter_mut().zip(second.as_flattened()) {
            *both = _mm512_add_epi16(*both, _mm512_sll_epi16(*second, apart));
        }
        add_pair(both, (&pairs[0], totals));
    } else {
        add_pair(first, (&pairs[0], totals));
        add_pair(second, (&pairs[1], totals));
    }
}

/// Adds what a pair gives, `[column]`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn add_pair(joined: [[__m512i; HALVES]; TILE], (pair, totals): (&Pair, &mut Totals<'_>)) {
    let shift = _mm_cvtsi32_si128(pair.shift as i32);
    for (column, joined) in joined.into_iter().enumerate() {
        let Some((total, sign)) = totals.of(column, pair.position) else { continue };
        for (joined, total) in joined.into_iter().zip(total.as_chunks_mut().0) {
            let placed = _mm512_sll_epi16(joined, shift);
            let sum = match sign {
                SliceSign::Plus => _mm512_add_epi16(load_totals(total), placed),
                SliceSign::Minus => _mm512_sub_epi16(load_totals(total), placed),
            };
            store_totals(total, sum);
        }
    }
}

/// Bytes as words, lanes in order.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn widened(bytes: __m512i) -> [__m512i; 2] {
    [_mm512_cvtepu8_epi16(_mm512_castsi512_si256(bytes)), _mm512_cvtepu8_epi16(_mm512_extracti64x4_epi64::<1>(bytes))]
}

/// The noise of sums in even and in odd lanes, in words; `sigmas` are the factors of normal numbers in each lane.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,vaes")]
fn samples(shift: u32, key: Key, sigmas: __m512i) -> [__m512i; HALVES] {
    let [normals] = block_normals([key]);
    let normals = in_order(normals);
    // Sums of the products of two bytes, one of which is none.
    let even = _mm512_maddubs_epi16(_mm512_and_si512(sigmas, _mm512_set1_epi16(0xff)), normals);
    let odd = _mm512_maddubs_epi16(_mm512_andnot_si512(_mm512_set1_epi16(0xff), sigmas), normals);
    match shift {
        0 => [even, odd],
        1.. => {
            // ((p·2^(15 − shift) ≫ 14) + 1) ≫ 1.
            let factor = _mm512_set1_epi16(1 << (15 - shift));
            [_mm512_mulhrs_epi16(even, factor), _mm512_mulhrs_epi16(odd, factor)]
        }
    }
}
