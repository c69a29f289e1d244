//! One test binary: its modules mirror the public surface.

mod settings;
