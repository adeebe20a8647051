//! Documents as users write them, right and wrong, through the public interface.

mod document;
mod faults;
mod properties;
