//! aura.

pub mod schema;
