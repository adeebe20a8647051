//! An IMA's input register: when inputs may come in, and when they may be read.

use rebias_engine::{Busy, Claim, Gauge, RegionId, Space, Tick};
use rebias_units::Bytes;

use crate::RegisterSpec;

/// An input register: the inputs of the next positions of some products, which share its room.
///
/// ```text
///  bus ─► │ … position 2 being filled │ position 1 filled │ ─► DACs
///         ▲ claim                     ▲ filled            ▲ drain: the last slice is in the DACs
/// ```
///
/// Inputs come in only where there is room, so what is still read is never overwritten; they are read only when their
/// last byte has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputRegisterUnit<W> {
    space: Space<W>,
    products: Vec<Product>,
    held: Gauge,
}

/// What a product has of the register; its positions are counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Product {
    /// Inputs of a position.
    input: Bytes,
    /// Positions whose inputs have come.
    filled: u64,
    /// Positions whose inputs have gone.
    drained: u64,
}

impl<W> InputRegisterUnit<W> {
    /// An empty register with room for a position's inputs of each product; `None` if these do not fit together.
    pub fn new(spec: RegisterSpec, inputs: impl IntoIterator<Item = Bytes> + Clone) -> Option<Self> {
        let space = Space::new(spec.capacity.0, inputs.clone().into_iter().map(|input| input.0))?;
        let products = inputs.into_iter().map(|input| Product { input, filled: 0, drained: 0 }).collect();
        Some(Self { space, products, held: Gauge::default() })
    }

    /// Claims room for the next position of a product; who waits for it comes out of a later [`drain`](Self::drain).
    pub fn claim(&mut self, product: usize, now: Tick, claimant: W) -> Claim<W> {
        let Product { input, filled, .. } = self.products[product];
        let claim = self.space.claim(RegionId(product), (filled + 1) * input.0, claimant);
        self.note(now);
        claim
    }

    /// The last byte of the next position of a product has come.
    pub fn fill(&mut self, product: usize) {
        self.products[product].filled += 1;
    }

    /// Offers the inputs of a position to the DACs.
    ///
    /// # Errors
    /// [`Busy`] with the position while its inputs have not come.
    #[inline]
    pub fn read(&self, product: usize, position: u64) -> Result<(), Busy<u64>> {
        if position < self.filled(product) { Ok(()) } else { Err(Busy(position)) }
    }

    /// The last slice of a product's oldest position is in the DACs, so its inputs go; appends to `granted` who has
    /// waited for room and gets it.
    pub fn drain(&mut self, product: usize, now: Tick, granted: &mut Vec<W>) {
        let of_product = &mut self.products[product];
        of_product.drained += 1;
        self.space.release(RegionId(product), of_product.drained * of_product.input.0, granted);
        self.note(now);
    }

    /// Positions of a product whose inputs have come.
    #[inline]
    pub fn filled(&self, product: usize) -> u64 {
        self.products[product].filled
    }

    /// Positions of a product whose inputs have gone.
    #[inline]
    pub fn drained(&self, product: usize) -> u64 {
        self.products[product].drained
    }

    /// What it can hold.
    pub fn capacity(&self) -> Bytes {
        Bytes(self.space.capacity())
    }

    /// What it holds, over time.
    pub fn held(&self) -> &Gauge {
        &self.held
    }

    fn note(&mut self, now: Tick) {
        let held = (0..self.products.len()).map(|product| self.space.held(RegionId(product))).sum();
        self.held.set(now, held);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn register() -> InputRegisterUnit<char> {
        InputRegisterUnit::new(RegisterSpec { capacity: Bytes(8) }, [Bytes(4)]).expect("4 of 8 bytes")
    }

    #[test]
    fn inputs_are_not_read_before_their_last_byte_has_come() {
        let mut register = register();
        assert_eq!(register.claim(0, Tick(0), 'a'), Claim::Granted('a'));
        let before = register.clone();
        assert_eq!(register.read(0, 0), Err(Busy(0)));
        assert_eq!(register, before);
        register.fill(0);
        assert_eq!(register.read(0, 0), Ok(()));
        assert_eq!(register.read(0, 1), Err(Busy(1)));
    }

    #[test]
    fn inputs_that_are_read_are_not_overwritten() {
        let mut register = register();
        for claimant in ['a', 'b'] {
            assert_eq!(register.claim(0, Tick(0), claimant), Claim::Granted(claimant));
            register.fill(0);
        }
        assert_eq!(register.claim(0, Tick(1), 'c'), Claim::Waits, "two positions fill it");
        assert_eq!((register.held().level(), register.filled(0)), (8, 2));
        let mut granted = Vec::new();
        register.drain(0, Tick(5), &mut granted);
        assert_eq!((granted, register.drained(0), register.held().level()), (vec!['c'], 1, 8));
    }

    #[test]
    fn products_that_do_not_fit_are_refused() {
        let inputs = |last| [Bytes(5), Bytes(last)];
        assert!(InputRegisterUnit::<()>::new(RegisterSpec { capacity: Bytes(8) }, inputs(3)).is_some());
        assert!(InputRegisterUnit::<()>::new(RegisterSpec { capacity: Bytes(8) }, inputs(4)).is_none());
    }
}
