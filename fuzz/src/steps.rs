//! Steps out of bytes, one byte a choice, so that a changed byte changes one thing and seeds can be written by hand.

use arbitrary::Unstructured;

/// What is left of the input.
pub struct Steps<'a>(Unstructured<'a>);

impl<'a> Steps<'a> {
    pub fn new(data: &'a [u8]) -> Steps<'a> {
        Steps(Unstructured::new(data))
    }

    /// The next byte; 0 when there is none.
    pub fn byte(&mut self) -> u8 {
        self.0.arbitrary().unwrap_or(0)
    }

    /// A number below `count`, which is not 0.
    pub fn below(&mut self, count: usize) -> usize {
        usize::from(self.byte()) % count
    }

    /// One of these.
    pub fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// One of what there is so far, counted from the newest.
    pub fn recent<'b, T>(&mut self, of: &'b [T]) -> Option<&'b T> {
        let back = usize::from(self.byte());
        of.len().checked_sub(1).map(|last| &of[last - back % of.len()])
    }

    /// So many bytes, or what is left.
    pub fn bytes(&mut self, count: usize) -> &'a [u8] {
        self.0.bytes(count.min(self.0.len())).unwrap_or_default()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// An instant to count from; only differences are looked at.
#[allow(clippy::disallowed_methods, reason = "an Instant can be made in no other way")]
pub fn start() -> std::time::Instant {
    std::time::Instant::now()
}
