//! The dialplan: TOML to checked flows of steps.
