//! The small office of the north star: it reads, it is shown, and calls travel through it as its sentences say.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test may unwrap, and begins at any instant")]

use std::time::Instant;
use vaihde_dialplan::{Dialplan, Nothing, Question, Read, Source, explain, read, render, show};

/// Tuesday 24 November 2026, ten in the morning in Helsinki.
const OPEN: &str = "2026-11-24T10:00:00+02:00";
/// The Sunday before.
const CLOSED: &str = "2026-11-22T10:00:00+02:00";

fn sources() -> Vec<Source> {
    vec![Source { path: "office.toml".into(), text: include_str!("fixtures/office.toml").into() }]
}

fn office_with(more: &[(&str, &str)]) -> Read {
    let mut sources = sources();
    sources.extend(more.iter().map(|(path, text)| Source { path: (*path).into(), text: (*text).into() }));
    read(&sources, &Nothing).unwrap_or_else(|faults| panic!("{}", render(&faults, &sources, false)))
}

fn office() -> Dialplan {
    office_with(&[]).plan
}

/// A call in words, built up like the question that it is.
struct Story {
    plan: Dialplan,
    question: Question,
}

fn call(from: &str, to: &str) -> Story {
    let question = Question { from: from.into(), to: to.into(), at: OPEN.parse().unwrap(), ..Question::default() };
    Story { plan: office(), question }
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

impl Story {
    fn at(mut self, at: &str) -> Self {
        self.question.at = at.parse().unwrap();
        self
    }

    fn busy(mut self, people: &[&str]) -> Self {
        self.question.busy = names(people);
        self
    }

    fn away(mut self, people: &[&str]) -> Self {
        self.question.away = names(people);
        self
    }

    fn offline(mut self, people: &[&str]) -> Self {
        self.question.offline = names(people);
        self
    }

    fn quiet(mut self, people: &[&str]) -> Self {
        self.question.dnd = names(people);
        self
    }

    fn answers(mut self, who: &[&str]) -> Self {
        self.question.answers = names(who);
        self
    }

    fn in_plan(mut self, plan: Dialplan) -> Self {
        self.plan = plan;
        self
    }

    fn told(&self) -> String {
        explain(&self.plan, &self.question, Instant::now()).unwrap().to_string()
    }

    /// The story must hold these sentences in this order.
    #[track_caller]
    fn check(&self, sentences: &[&str]) {
        let told = self.told();
        let mut rest = told.as_str();
        for sentence in sentences {
            let Some(at) = rest.find(sentence) else { panic!("`{sentence}` does not come in its turn:\n{told}") };
            rest = &rest[at + sentence.len()..];
        }
    }

    #[track_caller]
    fn check_never(&self, words: &str) {
        let told = self.told();
        assert!(!told.contains(words), "`{words}` must not happen:\n{told}");
    }
}

#[test]
fn the_office_reads_and_says_what_is_still_to_come() {
    let read = office_with(&[]);
    let told = render(&read.warnings, &sources(), false);
    assert!(read.warnings.iter().all(|warning| !warning.is_error()), "{told}");
    for (line, what) in [(9, "tls"), (20, "calendar"), (51, "mail_to"), (55, "register"), (64, "promise")] {
        assert!(told.contains(&format!(" --> office.toml:{line}:")), "`{what}` is not in force yet:\n{told}");
    }
    assert!(told.contains("nobody can listen to messages"), "{told}");
}

#[test]
fn a_call_that_nobody_answers_goes_on_to_the_reception_and_ends_in_voicemail() {
    call("anna", "1002").check(&[
        "0.0 s  pekka-desk rings",
        "20.0 s  Pekka Koistinen stops ringing",
        "20.0 s  The call goes on from Pekka Koistinen to ring reception: nobody answered",
        "20.0 s  maija-desk rings",
        "30.0 s  Maija Saarinen stops ringing",
        "Pekka Koistinen is not rung a second time",
        "their voicemail",
        "\"greeting-no-answer\" (fi)",
        "leaves a message",
    ]);
}

#[test]
fn an_absent_persons_phone_does_not_ring_and_the_substitute_is_asked() {
    let story = call("maija", "anna").away(&["anna"]).answers(&["pekka"]);
    story.check(&["Anna Virtanen is not rung: they are away", "pekka-desk rings", "3.0 s  The caller and Pekka"]);
    story.check_never("anna-desk rings");
}

#[test]
fn when_the_substitute_is_away_too_the_reception_rings() {
    let story = call("trunk:operator", "+358 9 4242 1000").away(&["maija", "pekka"]);
    story.check(&["Nobody of reception can be rung", "voicemail office", "leaves a message"]);
    let story = call("pekka", "anna").away(&["anna", "pekka"]);
    story.check(&["Pekka Koistinen is not rung: they are away", "Next: ring reception", "maija-desk rings"]);
}

#[test]
fn a_busy_person_is_not_rung_and_the_reception_is() {
    let story = call("anna", "1002").busy(&["pekka"]);
    story.check(&["Pekka Koistinen is not rung: they are in a call", "maija-desk rings", "voicemail office"]);
    story.check_never("pekka-desk rings");
}

#[test]
fn do_not_disturb_is_treated_as_busy_where_the_plan_says_nothing_of_it() {
    call("anna", "1002").quiet(&["pekka"]).check(&["they asked not to be disturbed", "Next: ring reception"]);
}

#[test]
fn an_unplugged_phone_rings_the_mobile_by_the_route_of_its_owner() {
    let story = call("anna", "pekka").offline(&["pekka"]).answers(&["+358 40 123 4567"]);
    story.check(&[
        "none of their phones is registered",
        "+358401234567 through operator rings",
        "3.0 s  The caller and Pekka",
    ]);
    let mobile = office().person("pekka").unwrap().mobile.clone().unwrap();
    assert_eq!(mobile.shown_as.as_deref(), Some("+358942421000"));
}

#[test]
fn outside_the_hours_callers_hear_so_and_leave_a_message() {
    let story = call("trunk:operator", "+358 9 4242 1000").at(CLOSED);
    story.check(&["hears prompts/closed.wav", "voicemail office", "hears prompts/closed.wav", "leaves a message"]);
    story.check_never("rings");
}

#[test]
fn in_the_hours_the_reception_rings_each_in_turn_and_gives_up() {
    let story = call("040 555 1234", "358942421000");
    story.check(&[
        "Left out: play prompts/closed.wav, for `closed:office` does not hold",
        "0.0 s  maija-desk rings",
        "10.0 s  pekka-desk rings",
        "20.0 s  Done with ring reception: nobody answered",
        "hears prompts/all-busy.wav",
    ]);
}

#[test]
fn our_phones_reach_the_world_and_the_world_does_not_reach_the_trunk() {
    let story = call("anna", "0401231234").answers(&["0401231234"]);
    story.check(&["0401231234 through operator rings", "talk"]);
    call("anna", "+358 40 123 1234").check(&["Route 3 fits", "+358401231234 through operator rings"]);
    call("trunk:operator", "0401231234").check(&["No route leads this caller to 0401231234", "refused: 404"]);
}

#[test]
fn a_number_that_nobody_has_is_refused() {
    call("anna", "1999").check(&["Nobody has the number 1999", "The caller is refused: 404"]);
    call("anna", "777").check(&["No route leads this caller to 777", "The caller is refused: 404"]);
}

#[test]
fn only_those_who_may_use_a_route_do() {
    let guest = "[person.guest]\nnumber = \"1099\"\ndevices = [\"guest\"]\n";
    let plan = office_with(&[("guest.toml", guest)]).plan;
    call("guest", "0401231234").in_plan(plan).check(&["Route 3 fits", "may not use the route", "refused: 403"]);
}

#[test]
fn the_mobile_joins_after_the_desk_where_reach_says_so() {
    let soon = "[reach.soon]\nmobile_after = \"15s\"\n[person.bo]\nnumber = \"1004\"\ndevices = [\"bo\"]\nreach = \"soon\"\n\
                mobile = \"0501\"\nmobile_via = \"trunk:operator\"\n";
    let plan = office_with(&[("bo.toml", soon)]).plan;
    let story = call("anna", "bo").in_plan(plan);
    story.check(&["0.0 s  bo rings", "15.0 s  0501 through operator rings", "20.0 s", "Next: ring reception"]);
}

#[test]
fn voicemail_greets_by_the_reason_for_which_the_person_was_left() {
    let own = "[reach.own]\nabsent = \"voicemail\"\nbusy = \"voicemail\"\noffline = \"voicemail\"\n\
               no_answer = [\"ring:reception\", \"voicemail\"]\n\
               [person.bo]\nnumber = \"1004\"\ndevices = [\"bo\"]\nreach = \"own\"\n";
    let plan = office_with(&[("bo.toml", own)]).plan;
    let bo = || call("anna", "bo").in_plan(plan.clone());
    bo().busy(&["bo"]).check(&["\"greeting-busy\" (fi)"]);
    bo().away(&["bo"]).check(&["\"greeting-away\" (fi)"]);
    bo().offline(&["bo"]).check(&["\"greeting-unavailable\" (fi)"]);
    bo().quiet(&["bo"]).check(&["\"greeting-do-not-disturb\" (fi)"]);
    bo().busy(&["maija", "pekka"]).check(&["Nobody of reception", "\"greeting-no-answer\" (fi)"]);
}

#[test]
fn a_flow_is_used_in_more_than_one_place() {
    let night = "[flow.night]\nsteps = [{ play = \"prompt:closed\" }, \"voicemail:office\"]\n\
                 [[route]]\nfrom = \"phones\"\nnumber = \"2000\"\nsteps = [\"flow:night\"]\n";
    let plan = office_with(&[("night.toml", night)]).plan;
    call("anna", "2000").in_plan(plan).check(&[
        "Next: flow night",
        "\"closed\" (fi)",
        "voicemail office",
        "leaves a message",
    ]);
}

#[test]
fn a_caller_who_has_heard_us_hears_the_end_and_is_hung_up_on() {
    let hello =
        "[[route]]\nfrom = \"phones\"\nnumber = \"2000\"\nsteps = [{ play = \"hello.wav\" }, \"reach:pekka\"]\n";
    let plan = office_with(&[("hello.toml", hello)]).plan;
    let story = call("maija", "2000").in_plan(plan).busy(&["pekka"]);
    story.check(&["hears hello.wav", "Next: ring reception", "leaves a message"]);
    let end = "[[route]]\nfrom = \"phones\"\nnumber = \"2001\"\nsteps = [{ play = \"hello.wav\" }, { dial = \"trunk:operator\", number = \"0800\" }]\n";
    let plan = office_with(&[("end.toml", end)]).plan;
    call("maija", "2001").in_plan(plan).check(&[
        "hello.wav",
        "0800 through operator",
        "\"not-available\" (fi)",
        "The call ends",
    ]);
}

#[test]
fn an_absence_in_the_plan_is_seen_on_its_days() {
    let away = "[[absence]]\nperson = \"anna\"\nfrom = \"2026-11-24\"\nto = \"2026-11-27\"\nreason = \"holiday\"\n";
    let plan = office_with(&[("away.toml", away)]).plan;
    let story = call("maija", "1001").in_plan(plan.clone());
    story.check(&["Anna Virtanen is not rung: they are away (holiday), back on 2026-11-28", "pekka-desk rings"]);
    call("maija", "1001").in_plan(plan).at("2026-11-28T08:00:00+02:00").check(&["anna-desk rings"]);
}

#[test]
fn an_unknown_person_is_answered_with_the_nearest() {
    let story = call("anna", "1002").busy(&["peka"]);
    let fault = explain(&story.plan, &story.question, Instant::now()).unwrap_err();
    assert_eq!(fault, "nobody is called `peka`: did you mean `pekka`?");
}

const SECRETS: &str = "[secret]\n\
    anna-desk = { md5 = \"0123456789abcdef0123456789abcdef\" }\n\
    [pin]\noffice = \"0011223344556677:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\"\n";

#[test]
fn what_is_shown_reads_back_as_the_same_plan_and_holds_no_secret() {
    let plan = office_with(&[("secrets.toml", SECRETS)]).plan;
    let shown = show(&plan);
    assert!(!shown.contains("0123456789abcdef") && !shown.contains("0011223344556677"), "{shown}");
    assert!(shown.contains("# secret = \"…set…\"") && shown.contains("# pin = \"…set…\""), "{shown}");
    let sources = [("shown.toml", shown.as_str()), ("secrets.toml", SECRETS)];
    let sources = sources.map(|(path, text)| Source { path: path.into(), text: text.into() });
    let again = read(&sources, &Nothing).unwrap_or_else(|faults| panic!("{}", render(&faults, &sources, false)));
    assert!(again.plan == plan, "{}", show(&again.plan));
    assert_eq!(show(&again.plan), shown);
    assert!(office() != plan, "a secret is part of the plan");
}

#[test]
fn whoever_calls_is_in_a_call_and_is_not_rung_by_it() {
    let story = call("pekka", "anna").away(&["anna"]);
    story.check(&["their substitute", "Pekka Koistinen is not rung: they are in a call", "maija-desk rings"]);
    story.check_never("pekka-desk rings");
}

#[test]
fn a_stranger_is_told_apart_from_whoever_comes_over_a_trunk() {
    let plan = read(
        &[Source {
            path: "office.toml".into(),
            text: "domain = \"a.example\"\n[person.bo]\nnumber = \"1001\"\ndevices = \"bo\"\n\
                   [[route]]\nname = \"people\"\nfrom = \"phones\"\nnumber = \"1xxx\"\nsteps = \"reach\"\n"
                .into(),
        }],
        &Nothing,
    )
    .unwrap()
    .plan;
    call("bo", "1001").in_plan(plan.clone()).check(&["The route \"people\" fits (office.toml:5)."]);
    call("0401234567", "1001").in_plan(plan).check(&[
        "0401234567, a stranger who comes over no trunk, calls 1001",
        "No route leads this caller to 1001",
        "refused: 404",
    ]);
}
