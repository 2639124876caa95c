//! The names of the prompts; what each says in which language is in `prompts/prompts.toml` beside this crate.
