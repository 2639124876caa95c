//! A journey's SIP messages as a ladder: the caller on the left, the exchange, and everyone it rang.

use super::words;
use call::{Leg, Note, What};
use dialplan::Dialplan;
use std::fmt::Write;

/// From one lifeline to the next, in characters.
const COLUMN: usize = 44;
/// Room for the time on the left.
const MARGIN: usize = 10;

/// One message.
struct Rung<'a> {
    after: f64,
    leg: Leg,
    sent: bool,
    line: &'a str,
}

/// Draws the ladder; empty if no message was noted.
pub fn ladder(plan: &Dialplan, notes: &[Note]) -> String {
    let Some(first) = notes.first() else { return String::new() };
    let rungs: Vec<Rung<'_>> = notes
        .iter()
        .filter_map(|note| match &note.what {
            What::Sip { leg, sent, line } => {
                let after = note.at.duration_since(first.at).as_secs_f64();
                Some(Rung { after, leg: *leg, sent: *sent, line })
            }
            _ => None,
        })
        .collect();
    let mut legs: Vec<Leg> = rungs.iter().map(|rung| rung.leg).filter(|leg| *leg != Leg::CALLER).collect();
    legs.sort();
    legs.dedup();
    if rungs.is_empty() {
        return String::new();
    }
    let names = words::legs(plan, notes);
    let heads = [words::leg(&names, Leg::CALLER), "vaihde".into()];
    let heads = heads.into_iter().chain(legs.iter().map(|leg| words::leg(&names, *leg)));
    let mut drawn = " ".repeat(MARGIN);
    for head in heads {
        write!(drawn, "{:<COLUMN$}", cut(&head, COLUMN - 2)).ok();
    }
    drawn.truncate(drawn.trim_end().len());
    for rung in &rungs {
        drawn.push('\n');
        drawn.push_str(&draw(rung, &legs));
    }
    drawn.push('\n');
    drawn
}

/// One arrow between the exchange (the second lifeline) and a leg's, its words beside the leg.
fn draw(rung: &Rung<'_>, legs: &[Leg]) -> String {
    let exchange = COLUMN;
    let place = legs.iter().position(|leg| *leg == rung.leg).map_or(0, |place| (place + 2) * COLUMN);
    let (left, right) = (exchange.min(place), exchange.max(place));
    let points_right = rung.sent == (place > exchange);
    let mut line: Vec<char> = vec![' '; (legs.len() + 1) * COLUMN + 1];
    line.iter_mut().step_by(COLUMN).for_each(|lifeline| *lifeline = '│');
    line[left + 1..right].fill('─');
    if points_right {
        line[right - 1] = '▶';
    } else {
        line[left + 1] = '◀';
    }
    let label = cut(rung.line, COLUMN - 6);
    let at = if place > exchange { right - COLUMN + 3 } else { left + 3 };
    for (cell, letter) in line[at..].iter_mut().zip(format!(" {label} ").chars()) {
        *cell = letter;
    }
    format!("{:>8.3}  {}", rung.after, line.into_iter().collect::<String>())
}

fn cut(text: &str, length: usize) -> String {
    if text.chars().count() <= length {
        return text.to_string();
    }
    text.chars().take(length - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(leg: u16, sent: bool, line: &str) -> String {
        draw(&Rung { after: 1.25, leg: Leg(leg), sent, line }, &[Leg(1), Leg(2)])
    }

    #[test]
    fn arrows_run_between_the_exchange_and_the_leg() {
        let invite = drawn(0, false, "INVITE sip:1001@192.0.2.1");
        assert!(invite.starts_with("   1.250  │── INVITE sip:1001@192.0.2.1 ─"), "{invite}");
        assert!(invite.contains("▶│"), "{invite}");
        let ringing = drawn(0, true, "180 Ringing (INVITE)");
        assert!(ringing.starts_with("   1.250  │◀─ 180 Ringing (INVITE) ─"), "{ringing}");
        let away = drawn(2, true, "INVITE");
        assert!(away.ends_with("▶│") && away.contains("│── INVITE ─") || away.contains("─── INVITE ─"), "{away}");
    }

    #[test]
    fn a_long_line_is_cut_and_breaks_nothing() {
        let long = drawn(1, false, &"x".repeat(500));
        assert!(long.contains('…') && long.chars().count() < 200);
    }
}
