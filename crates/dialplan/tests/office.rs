use vaihde_dialplan::*;
#[test]
fn x() {
    let sources = [Source { path: "office.toml".into(), text: include_str!("fixtures/office.toml").into() }];
    let plan = read(&sources, &Nothing).unwrap().plan;
    println!("{}", show(&plan));
    let s = |names: &[&str]| names.iter().map(|n| n.to_string()).collect::<Vec<_>>();
    let tue: jiff::Timestamp = "2026-11-24T10:00:00+02:00".parse().unwrap();
    let sun: jiff::Timestamp = "2026-11-22T10:00:00+02:00".parse().unwrap();
    let n = std::time::Instant::now();
    for q in [
        Question { from: "anna".into(), to: "1002".into(), at: tue, ..Default::default() },
        Question { from: "maija".into(), to: "anna".into(), at: tue, away: s(&["anna"]), ..Default::default() },
        Question {
            from: "maija".into(),
            to: "anna".into(),
            at: tue,
            away: s(&["anna"]),
            busy: s(&["pekka"]),
            ..Default::default()
        },
        Question {
            from: "anna".into(),
            to: "pekka".into(),
            at: tue,
            offline: s(&["pekka"]),
            answers: s(&["+358 40 123 4567"]),
            ..Default::default()
        },
        Question { from: "trunk:operator".into(), to: "+358 9 4242 1000".into(), at: sun, ..Default::default() },
        Question { from: "040 5551234".into(), to: "358942421000".into(), at: tue, ..Default::default() },
        Question {
            from: "trunk:operator".into(),
            to: "+358 9 4242 1000".into(),
            at: tue,
            busy: s(&["pekka", "maija"]),
            ..Default::default()
        },
        Question { from: "anna".into(), to: "0401231234".into(), at: tue, ..Default::default() },
        Question {
            from: "anna".into(),
            to: "+358401231234".into(),
            at: tue,
            answers: s(&["+358401231234"]),
            ..Default::default()
        },
        Question { from: "anna".into(), to: "1999".into(), at: tue, ..Default::default() },
        Question { from: "anna".into(), to: "777".into(), at: tue, ..Default::default() },
    ] {
        println!("--- {q:?}\n{}", explain(&plan, &q, n).unwrap());
    }
}
