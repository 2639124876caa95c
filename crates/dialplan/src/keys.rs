#[derive(PartialEq)]
pub(crate) struct Configuration;
