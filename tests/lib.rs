//! Nothing of its own: this package only holds tests that look across crates. `sipp.rs` and `phones.rs` need the
//! program itself and so belong to `crates/server`, whose manifest names them.
