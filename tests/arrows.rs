//! Dependencies between our crates point down only, as ARCHITECTURE.md's table says.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

/// One of the workspace's folders that hold a crate each, by the crate's name without `vaihde-`, and what it may use.
type Arrows = BTreeMap<String, BTreeSet<String>>;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ stands in the workspace")
}

/// The words between backticks.
fn quoted(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

/// Rows `| 4 | crates | may use |`. "everything below" is every crate of a lower row.
fn allowed(architecture: &str) -> Arrows {
    let rows: Vec<(u32, &str, &str)> = architecture
        .lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix('|')?.split('|').map(str::trim);
            Some((cells.next()?.parse().ok()?, cells.next()?, cells.next()?))
        })
        .collect();
    let mut arrows = Arrows::new();
    for &(row, crates, uses) in &rows {
        let mut uses: BTreeSet<String> = match uses {
            "everything below" => rows.iter().filter(|r| r.0 < row).flat_map(|r| quoted(r.1)).map(Into::into).collect(),
            _ => quoted(uses).map(Into::into).collect(),
        };
        for name in quoted(crates) {
            uses.remove(name);
            arrows.insert(name.to_owned(), uses.clone());
        }
    }
    arrows
}

/// What the manifests say; dependencies of tests and benches are left out: they may look anywhere below themselves.
fn actual() -> Arrows {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let run = Command::new(cargo)
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let metadata: Value = serde_json::from_slice(&run.stdout).expect("cargo metadata writes JSON");
    let short = |name: &Value| name.as_str().and_then(|n| n.strip_prefix("vaihde-")).map(str::to_owned);
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    list(&metadata["packages"])
        .iter()
        .filter(|package| package["manifest_path"].as_str().is_some_and(|path| path.contains("/crates/")))
        .map(|package| {
            let uses = list(&package["dependencies"])
                .iter()
                .filter(|d| d["kind"] != "dev" && !d["path"].is_null())
                .filter_map(|d| short(&d["name"]))
                .collect();
            (short(&package["name"]).expect("our packages are called vaihde-…"), uses)
        })
        .collect()
}

#[test]
fn dependencies_point_where_the_architecture_lets_them() {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md is there");
    let (allowed, actual) = (allowed(&text), actual());
    assert!(actual.len() > 10, "cargo metadata names our crates: {actual:?}");
    let mut faults = Vec::new();
    for (name, uses) in &actual {
        match allowed.get(name) {
            None => faults.push(format!("crates/{name} stands in no row of the table")),
            Some(may) => faults.extend(uses.difference(may).map(|used| format!("{name} may not use {used}"))),
        }
    }
    faults.extend(allowed.keys().filter(|name| !actual.contains_key(*name)).map(|name| format!("no crates/{name}")));
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn the_table_is_read_as_it_is_meant() {
    let table = "| Row | Crates | May use |\n| --- | --- | --- |\n| 3 | `top` | everything below |\n| 2 | `a` · `b` | `one` |\n| 1 | `one` | nothing of ours |\n";
    let arrows = allowed(table);
    assert_eq!(arrows["top"].iter().collect::<Vec<_>>(), ["a", "b", "one"]);
    assert_eq!(arrows["b"].iter().collect::<Vec<_>>(), ["one"]);
    assert!(arrows["one"].is_empty());
}
