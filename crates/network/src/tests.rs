//! Tests across modules.

mod coalesce;
mod exact;
mod manifest_faults;
mod network;
mod shapes;
mod tensor_faults;
mod toy_trace;
mod trace;
