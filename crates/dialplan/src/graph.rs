pub(crate) struct Graph;
