//! The relay allocates nothing for a packet.
#![allow(unsafe_code, reason = "an allocator that counts")]

mod common;

use common::Call;
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering};

static COUNT: AtomicU64 = AtomicU64::new(0);

struct Counting;

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn thousands_of_packets_cost_no_allocation() {
    let Call { exchange, mut anna, bo } = Call::new();
    let packet = anna.say(8, &[1; 160]);
    bo.hear();
    let before = COUNT.load(Ordering::Relaxed);
    let mut buffer = [0; 2048];
    for _ in 0..5000 {
        anna.rtp.send_to(&packet, anna.exchange).unwrap();
        bo.rtp.recv(&mut buffer).unwrap();
    }
    // The test's own harness may allocate a little meanwhile.
    let count = COUNT.load(Ordering::Relaxed) - before;
    assert!(count < 50, "{count}");
    drop(exchange);
}
