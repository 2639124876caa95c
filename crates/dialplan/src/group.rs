pub(crate) struct RingGroup;
