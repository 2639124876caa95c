//! Durations as people write them: `20s`, `4m`, `1h30m`, `500ms`.

use std::fmt::Write;
use std::time::Duration;

const UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];
const LONGEST: Duration = Duration::from_secs(366 * 86_400);

/// Reads a duration; the unit is never left out.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err("empty".into());
    }
    let mut millis: u64 = 0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (number, tail) = rest.split_at(digits);
        let letters = tail.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(letters);
        let number: u64 = number.parse().map_err(|_| format!("`{text}` is not a duration"))?;
        let Some((_, factor)) = UNITS.iter().find(|(name, _)| *name == unit) else {
            return Err(match unit {
                "" => format!("`{number}` of what? the unit is written"),
                _ => format!("`{unit}` is not a unit of time"),
            });
        };
        millis = number.checked_mul(*factor).and_then(|part| millis.checked_add(part)).ok_or("too long")?;
        rest = tail.trim_start();
    }
    let duration = Duration::from_millis(millis);
    if duration > LONGEST { Err("longer than a year".into()) } else { Ok(duration) }
}

/// Writes a duration so that [`parse`] reads the same.
pub(crate) fn show(duration: Duration) -> String {
    let mut millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let mut text = String::new();
    for (name, factor) in UNITS {
        let count = millis / factor;
        millis %= factor;
        if count > 0 {
            let _ = write!(text, "{count}{name}");
        }
    }
    if text.is_empty() { "0s".into() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_written_and_what_is_shown_reads_back() {
        for text in ["20s", "4m", "1m30s", "500ms", "2d", "0s", "1h"] {
            assert_eq!(show(parse(text).unwrap()), text);
        }
        assert_eq!(parse("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(parse("1 h"), Err("`1` of what? the unit is written".into()));
        for wrong in ["", "20", "20 parsecs", "s", "-1s", "99999999999999999999s", "400d"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
