#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| vaihde_fuzz::transactions::run(data));
