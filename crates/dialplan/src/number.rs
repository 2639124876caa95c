//! Numbers and patterns of numbers: how they are written, what is the same number, and the tree that finds a pattern.

use crate::diagnostic::Span;
use crate::read::{Faults, Node, Value, shown_string};
use call::Name;

/// The longest number that fits anything.
const NUMBER_MAX: usize = 40;
const SYMBOLS: usize = 13;
const DIGITS: u16 = 0x3ff;
const ANY: u16 = (1 << SYMBOLS) - 1;

/// The place of a digit, `*`, `#` or `+` in a set.
fn symbol(byte: u8) -> Option<usize> {
    match byte {
        b'0'..=b'9' => Some(usize::from(byte - b'0')),
        b'*' => Some(10),
        b'#' => Some(11),
        b'+' => Some(12),
        _ => None,
    }
}

/// What people put into numbers for the eye.
fn is_separator(byte: u8) -> bool {
    matches!(byte, b' ' | b'-' | b'(' | b')' | b'/')
}

/// A number without what is only for the eye: digits, `*`, `#`, perhaps a `+` in front. `None` if it is not a number.
pub fn normalise(text: &str) -> Option<Name> {
    Form::read(text).map(|form| form.as_str().into())
}

/// A number on the stack.
#[derive(Clone, Copy)]
pub(crate) struct Form {
    bytes: [u8; NUMBER_MAX],
    len: usize,
}

impl Form {
    const EMPTY: Form = Form { bytes: [0; NUMBER_MAX], len: 0 };

    fn read(text: &str) -> Option<Self> {
        let mut form = Self::EMPTY;
        for byte in text.bytes().filter(|byte| !is_separator(*byte)) {
            if symbol(byte).is_none() || (byte == b'+' && form.len > 0) {
                return None;
            }
            form.push(byte)?;
        }
        (form.len > 0).then_some(form)
    }

    fn join(front: &str, rest: &str) -> Option<Self> {
        let mut form = Self::EMPTY;
        front.bytes().chain(rest.bytes()).try_for_each(|byte| form.push(byte))?;
        Some(form)
    }

    fn push(&mut self, byte: u8) -> Option<()> {
        *self.bytes.get_mut(self.len)? = byte;
        self.len += 1;
        Some(())
    }

    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.len]).unwrap_or_default()
    }
}

/// The ways to write one number: as it was dialled, with `+`, with `00`, and without the country.
pub(crate) struct Forms {
    forms: [Form; 4],
    count: usize,
}

impl Forms {
    /// `country` is the country code; national numbers begin with 0. Operators leave the `+` out: a number
    /// `from_trunk` may be an international one without it.
    pub(crate) fn of(dialled: &str, country: Option<&str>, from_trunk: bool) -> Self {
        let mut forms = Self { forms: [Form::EMPTY; 4], count: 0 };
        let Some(written) = Form::read(dialled) else { return forms };
        forms.add(Some(written));
        let text = written.as_str();
        let international = if let Some(rest) = text.strip_prefix('+').or_else(|| text.strip_prefix("00")) {
            Form::join(rest, "")
        } else if let Some(rest) = text.strip_prefix('0') {
            country.filter(|_| rest.len() >= 4).and_then(|country| Form::join(country, rest))
        } else {
            (from_trunk && text.len() >= 7 && text.bytes().all(|b| b.is_ascii_digit())).then_some(written)
        };
        if let Some(digits) = international {
            forms.add(Form::join("+", digits.as_str()));
            forms.add(Form::join("00", digits.as_str()));
            let national = country.and_then(|country| digits.as_str().strip_prefix(country));
            forms.add(national.and_then(|rest| Form::join("0", rest)));
        }
        forms
    }

    fn add(&mut self, form: Option<Form>) {
        let Some(form) = form else { return };
        let known = self.iter().any(|known| known == form.as_str());
        if let (false, Some(place)) = (known, self.forms.get_mut(self.count)) {
            *place = form;
            self.count += 1;
        }
    }

    /// The number as it was dialled comes first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.forms[..self.count].iter().map(Form::as_str)
    }
}

/// A number as the configuration writes it, with its place.
#[derive(Clone, Debug)]
pub(crate) struct Number {
    /// As it was written.
    pub(crate) text: Name,
    /// Without what is for the eye.
    pub(crate) digits: Name,
    pub(crate) span: Span,
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.digits == other.digits
    }
}

impl Value for Number {
    fn what() -> String {
        "a number such as \"1001\" or \"+358 40 123 4567\"".into()
    }

    fn read(node: Node<'_>, faults: &mut Faults) -> Option<Self> {
        let text = node.expect_text(&Self::what(), faults)?;
        let digits = normalise(text);
        if digits.is_none() {
            faults.expected(node.span(), &Self::what(), &format!("`{text}`"));
        }
        Some(Self { text: text.into(), digits: digits?, span: node.span() })
    }

    fn show(&self) -> Option<String> {
        Some(shown_string(&self.text))
    }
}

/// A pattern of numbers: `1xxx`, `0.`, `*97`, `+358 9 4242 1000`.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    pub(crate) text: Name,
    /// One set of symbols for each place.
    places: Vec<u16>,
    /// Then one or more of anything.
    rest: bool,
    pub(crate) span: Span,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.places == other.places && self.rest == other.rest
    }
}

impl Pattern {
    pub(crate) fn parse(text: &str, span: Span) -> Result<Self, String> {
        let mut places = Vec::new();
        let mut rest = false;
        let mut bytes = text.bytes();
        while let Some(byte) = bytes.next() {
            if rest {
                return Err("`.` stands for the rest of the number: nothing can follow it".into());
            }
            match byte {
                b'x' | b'X' => places.push(DIGITS),
                b'z' | b'Z' => places.push(DIGITS & !1),
                b'n' | b'N' => places.push(DIGITS & !3),
                b'[' => places.push(set(&mut bytes)?),
                b'.' => rest = true,
                byte if is_separator(byte) => {}
                byte => match symbol(byte) {
                    Some(12) if !places.is_empty() => return Err("`+` can only come first".into()),
                    Some(symbol) => places.push(1 << symbol),
                    None => {
                        return Err(
                            "digits, `x` (0-9), `z` (1-9), `n` (2-9), `[13-5]`, `.` (the rest), `*`, `#`".into()
                        );
                    }
                },
            }
            if places.len() >= NUMBER_MAX {
                return Err(format!("longer than {NUMBER_MAX} places"));
            }
        }
        match places.is_empty() && !rest {
            true => Err("empty".into()),
            false => Ok(Self { text: text.into(), places, rest, span }),
        }
    }

    /// Every number that fits `other` fits this one, too.
    pub(crate) fn covers(&self, other: &Pattern) -> bool {
        let longer_rest = self.rest && (other.places.len() + usize::from(other.rest)) > self.places.len();
        let same_length = !self.rest && !other.rest && self.places.len() == other.places.len();
        let places = self.places.iter().zip(&other.places).all(|(ours, theirs)| theirs & !ours == 0);
        places && (same_length || longer_rest) && other.places.len() >= self.places.len()
    }
}

/// The inside of `[13-5]`.
fn set(bytes: &mut impl Iterator<Item = u8>) -> Result<u16, String> {
    let mut set = 0;
    let mut last = None;
    let mut range = false;
    for byte in bytes {
        match byte {
            b']' if set != 0 && !range => return Ok(set),
            b'-' if last.is_some() && !range => range = true,
            b'0'..=b'9' => {
                let first = if std::mem::take(&mut range) { last.unwrap_or(byte) } else { byte };
                if first > byte {
                    return Err("a range in `[…]` runs upwards".into());
                }
                set |= (first..=byte).filter_map(symbol).fold(0, |set, symbol| set | 1 << symbol);
                last = Some(byte);
            }
            _ => break,
        }
    }
    Err("`[…]` holds digits and ranges such as `[13-5]`".into())
}

impl Value for Pattern {
    fn what() -> String {
        "a number or a pattern such as \"1xxx\"".into()
    }

    fn read(node: Node<'_>, faults: &mut Faults) -> Option<Self> {
        let text = node.expect_text(&Self::what(), faults)?;
        match Pattern::parse(text, node.span()) {
            Ok(pattern) => Some(pattern),
            Err(why) => {
                let fault = crate::Diagnostic::error(format!("expected {}", Self::what()));
                faults.push(fault.at(node.span(), why));
                None
            }
        }
    }

    fn show(&self) -> Option<String> {
        Some(shown_string(&self.text))
    }
}

/// Patterns of many routes in one tree: finding costs the number's length, not the count of routes.
#[derive(Debug)]
pub(crate) struct Tree {
    nodes: Vec<Branching>,
}

#[derive(Debug, Default)]
struct Branching {
    /// The next node for a place with one symbol; 0 for none.
    one: [u32; SYMBOLS],
    /// The next node for a place with several.
    several: Vec<(u16, u32)>,
    /// The routes whose pattern ends here, lowest first.
    ends: Vec<u32>,
    /// The routes whose pattern goes on with `.` from here.
    rest: Vec<u32>,
}

impl Default for Tree {
    fn default() -> Self {
        Self { nodes: vec![Branching::default()] }
    }
}

impl Tree {
    /// Adds a route's pattern; routes are added in their order.
    pub(crate) fn insert(&mut self, pattern: &Pattern, route: u32) {
        let mut at = 0;
        for &set in &pattern.places {
            at = self.step(at, set);
        }
        let node = &mut self.nodes[at];
        if pattern.rest { node.rest.push(route) } else { node.ends.push(route) }
    }

    fn step(&mut self, at: usize, set: u16) -> usize {
        let new = self.nodes.len();
        let known = if set.is_power_of_two() {
            let place = &mut self.nodes[at].one[set.trailing_zeros() as usize];
            let known = *place as usize;
            if known == 0 {
                *place = new as u32;
            }
            (known != 0).then_some(known)
        } else {
            let several = &mut self.nodes[at].several;
            let known = several.iter().find(|(known, _)| *known == set).map(|(_, node)| *node as usize);
            if known.is_none() {
                several.push((set, new as u32));
            }
            known
        };
        known.unwrap_or_else(|| {
            self.nodes.push(Branching::default());
            new
        })
    }

    /// The first route, not before `from`, with a pattern that the number fits. Every node is visited at most once.
    pub(crate) fn find(&self, number: &str, from: u32) -> Option<u32> {
        self.find_below(0, number.as_bytes(), from)
    }

    fn find_below(&self, at: usize, number: &[u8], from: u32) -> Option<u32> {
        let node = self.nodes.get(at)?;
        let first = |routes: &[u32]| routes.iter().copied().find(|route| *route >= from);
        let Some((&byte, tail)) = number.split_first() else { return first(&node.ends) };
        let symbol = symbol(byte)?;
        let mut best = first(&node.rest);
        let one = node.one[symbol];
        let several = node.several.iter().filter(|(set, _)| set & (1 << symbol) != 0).map(|(_, node)| *node);
        for next in several.chain((one != 0).then_some(one)) {
            let found = self.find_below(next as usize, tail, from);
            best = best.into_iter().chain(found).min();
        }
        best
    }
}

const _: () = assert!(ANY.count_ones() as usize == SYMBOLS);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    impl Pattern {
        /// Whether a number, written just so, fits: the walk with which the tree is compared.
        fn fits(&self, number: &str) -> bool {
            let has = |set: u16, byte: u8| symbol(byte).is_some_and(|symbol| set & (1 << symbol) != 0);
            let places = self.places.iter().zip(number.bytes()).all(|(set, byte)| has(*set, byte));
            let length = number.len().cmp(&self.places.len());
            places && if self.rest { length.is_gt() } else { length.is_eq() }
        }
    }

    fn pattern(text: &str) -> Pattern {
        Pattern::parse(text, Span::default()).unwrap()
    }

    fn forms(dialled: &str, country: Option<&str>, from_trunk: bool) -> Vec<String> {
        Forms::of(dialled, country, from_trunk).iter().map(str::to_owned).collect()
    }

    #[test]
    fn patterns_fit_what_they_say() {
        assert!(pattern("1xxx").fits("1234") && !pattern("1xxx").fits("123") && !pattern("1xxx").fits("12345"));
        assert!(pattern("0.").fits("0401234567") && !pattern("0.").fits("0"));
        assert!(pattern("*97").fits("*97") && !pattern("*97").fits("97"));
        assert!(pattern("+358 9 4242 1000").fits("+358942421000"));
        assert!(pattern("[13-5]0").fits("40") && !pattern("[13-5]0").fits("20"));
        assert!(pattern("nz").fits("21") && !pattern("nz").fits("11") && !pattern("nz").fits("20"));
        for wrong in ["", "1..2", "abc", "[", "[]", "[1", "[5-1]", "1+", "12.3"] {
            assert!(Pattern::parse(wrong, Span::default()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn one_number_has_several_ways_to_be_written() {
        assert_eq!(forms("+358 40-123", None, false), ["+35840123", "0035840123"]);
        assert_eq!(forms("+35840123", Some("358"), false), ["+35840123", "0035840123", "040123"]);
        assert_eq!(forms("0035840123", None, false), ["0035840123", "+35840123"]);
        assert_eq!(forms("040123", Some("358"), false), ["040123", "+35840123", "0035840123"]);
        assert_eq!(forms("1001", Some("358"), false), ["1001"]);
        assert_eq!(forms("358942421000", None, true), ["358942421000", "+358942421000", "00358942421000"]);
        assert_eq!(forms("358942421000", None, false), ["358942421000"]);
        assert!(forms("anna", None, true).is_empty());
        assert!(forms(&"1".repeat(41), None, true).is_empty());
    }

    #[test]
    fn a_wider_pattern_covers_a_narrower_one() {
        let covers = |wide: &str, narrow: &str| pattern(wide).covers(&pattern(narrow));
        assert!(covers("1xxx", "1001") && covers("1xxx", "10xx") && covers("1xxx", "1xxx"));
        assert!(covers("0.", "00.") && covers("0.", "0xx") && covers("0.", "0.") && covers(".", "1"));
        assert!(!covers("1001", "1xxx") && !covers("0.", "0") && !covers("00.", "0.") && !covers("1xxx", "1xx"));
        assert!(!covers("0xx", "0.") && !covers("0xx", "0x."));
    }

    fn texts() -> impl Strategy<Value = String> {
        "[0-3xnz]{0,4}(\\[1-2\\])?\\.?".prop_filter("not empty", |text| !text.is_empty())
    }

    proptest! {
        #[test]
        fn the_tree_finds_what_a_walk_through_the_list_finds(
            patterns in prop::collection::vec(texts(), 1..12), number in "[0-3*]{1,6}", from in 0u32..4
        ) {
            let patterns: Vec<Pattern> = patterns.iter().map(|text| pattern(text)).collect();
            let mut tree = Tree::default();
            for (route, pattern) in patterns.iter().enumerate() {
                tree.insert(pattern, route as u32);
            }
            let walked = (from as usize..patterns.len()).find(|&route| patterns[route].fits(&number));
            prop_assert_eq!(tree.find(&number, from).map(|route| route as usize), walked);
        }

        #[test]
        fn a_covered_number_fits(wide in texts(), narrow in texts(), number in "[0-3]{1,6}") {
            let (wide, narrow) = (pattern(&wide), pattern(&narrow));
            if wide.covers(&narrow) && narrow.fits(&number) {
                prop_assert!(wide.fits(&number));
            }
        }

        #[test]
        fn no_text_is_too_strange(text in ".{0,60}") {
            let _ = (Pattern::parse(&text, Span::default()), normalise(&text), Forms::of(&text, Some("358"), true));
        }
    }
}
