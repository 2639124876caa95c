use vaihde_dialplan::*;
#[test]
fn x() {
    let sources = [Source { path: "office.toml".into(), text: include_str!("fixtures/office.toml").into() }];
    match read(&sources, &Nothing) {
        Ok(read) => println!(
            "{}\n{:#?} {:?}",
            render(&read.warnings, &sources, false),
            read.plan.people(),
            read.plan.mailboxes()
        ),
        Err(faults) => panic!("{}", render(&faults, &sources, false)),
    }
}
