//! Documents as users write them, right and wrong, through the public interface.

mod arrays;
mod document;
mod faults;
mod places;
mod properties;
mod record;
mod unknown;
