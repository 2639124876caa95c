//! The nearest known name to a mistyped one.

/// The known word that was most likely meant, if one is near enough to be worth saying.
pub(crate) fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = match wrong.chars().count() {
        0..=2 => 1,
        3..=5 => 2,
        _ => 3,
    };
    let near = known.into_iter().map(|word| (distance(wrong, word), word)).filter(|(distance, _)| *distance <= allowed);
    near.min_by_key(|(distance, _)| *distance).map(|(_, word)| word)
}

/// How many letters must be changed, added, left out or swapped with their neighbour (optimal string alignment).
/// `-` and `_` count as the same, as do capital and small letters. Long words are cut: they are no slips of the finger.
fn distance(a: &str, b: &str) -> usize {
    let letters = |text: &str| -> Vec<char> {
        text.chars().take(64).flat_map(char::to_lowercase).map(|c| if c == '_' { '-' } else { c }).collect()
    };
    let (a, b) = (letters(a), letters(b));
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let change = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = change.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(before[j - 2] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_understood_and_another_word_is_not() {
        let known = ["reception", "support", "sales"];
        assert_eq!(nearest("suport", known), Some("support"));
        assert_eq!(nearest("recpetion", known), Some("reception"));
        assert_eq!(nearest("Sales", known), Some("sales"));
        assert_eq!(nearest("warehouse", known), None);
        assert_eq!(nearest("ring_for", ["ring-for"]), Some("ring-for"));
    }
}
