//! Searches, cache and black list of one shard: asked for a URI, it answers at once where it can, and later where DNS
//! must be asked. One question is asked once, however many searches wait for it.

use std::{
    collections::{BTreeMap, VecDeque},
    time::{Duration, Instant},
};

use sip::{Uri, Via};

use crate::{Answer, Blacklist, Cache, LookupFault, Question, Reach, Search, Step, Targets, Unreachable};

/// How long a search takes at most; then it ends with what is known.
pub const SEARCH_MAX: Duration = Duration::from_secs(4);
/// Searches that wait at the same time.
const SEARCHES_MAX: usize = 1024;
/// Questions that are out at the same time.
const ASKED_MAX: usize = 256;
/// An answer that has not come by then never will.
const ANSWER_MAX: Duration = Duration::from_secs(30);

/// Names a search that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SearchId(u64);

/// What became of a wish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Located {
    /// No question was open.
    Now(Result<Targets, Unreachable>),
    /// [`Output::Located`] will name this.
    Later(SearchId),
}

/// What a locator says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Ask DNS, and report to [`Locator::on_answer`].
    Ask(Question),
    /// A search has ended.
    Located {
        /// Which.
        id: SearchId,
        /// Where to go.
        found: Result<Targets, Unreachable>,
    },
}

/// Where next hops are found.
#[derive(Clone, Debug)]
pub struct Locator {
    reach: Reach,
    /// Who did not answer.
    pub blacklist: Blacklist,
    /// What DNS said.
    pub cache: Cache,
    searches: BTreeMap<SearchId, Running>,
    asked: BTreeMap<Question, Asked>,
    /// Counts up, so the first search is the first to be over.
    searches_made: u64,
    out: VecDeque<Output>,
}

#[derive(Clone, Debug)]
struct Running {
    search: Search,
    until: Instant,
}

#[derive(Clone, Debug)]
struct Asked {
    until: Instant,
    searches: Vec<SearchId>,
}

impl Locator {
    /// Knows nothing yet. `reach` is what we listen on and can send from.
    pub fn new(reach: Reach, cache: Cache, blacklist: Blacklist) -> Locator {
        Locator {
            reach,
            blacklist,
            cache,
            searches: BTreeMap::new(),
            asked: BTreeMap::new(),
            searches_made: 0,
            out: VecDeque::new(),
        }
    }

    /// Looks for the next hop of a request, RFC 3263 §4. `dice` is any random number.
    pub fn locate(&mut self, now: Instant, uri: &Uri<'_>, dice: u64) -> Located {
        self.begin(now, Search::new(uri, &self.reach, dice))
    }

    /// Looks where to send a response whose connection is gone, §5.
    pub fn locate_response(&mut self, now: Instant, via: &Via<'_>, dice: u64) -> Located {
        self.begin(now, Search::for_response(via, &self.reach, dice))
    }

    /// Nobody waits for this search any more.
    pub fn cancel(&mut self, id: SearchId) {
        self.searches.remove(&id);
    }

    /// DNS has answered.
    pub fn on_answer(&mut self, now: Instant, question: Question, answer: Answer) {
        let Some(asked) = self.asked.remove(&question) else { return };
        let answer = self.cache.put(now, question.clone(), answer);
        for id in asked.searches {
            let Some(mut running) = self.searches.remove(&id) else { continue };
            running.search.on_answer(&question, answer.clone());
            self.go_on(now, id, running);
        }
    }

    /// When [`on_timeout`](Self::on_timeout) is next worth a call.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.searches.first_key_value().map(|(_, running)| running.until)
    }

    /// Ends searches that have taken too long.
    pub fn on_timeout(&mut self, now: Instant) {
        while let Some(entry) = self.searches.first_entry().filter(|entry| entry.get().until <= now) {
            let (id, mut running) = entry.remove_entry();
            running.search.give_up();
            self.go_on(now, id, running);
        }
    }

    /// What to do next; drain after each call.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    /// Searches that wait.
    pub fn len(&self) -> usize {
        self.searches.len()
    }

    /// No search waits.
    pub fn is_empty(&self) -> bool {
        self.searches.is_empty()
    }

    fn begin(&mut self, now: Instant, mut search: Search) -> Located {
        let id = SearchId(self.searches_made);
        self.searches_made += 1;
        match self.advance(now, id, &mut search) {
            Some(found) => Located::Now(found),
            None if self.searches.len() >= SEARCHES_MAX => Located::Now(Err(Unreachable::Busy)),
            None => {
                self.searches.insert(id, Running { search, until: now + SEARCH_MAX });
                Located::Later(id)
            }
        }
    }

    fn go_on(&mut self, now: Instant, id: SearchId, mut running: Running) {
        match self.advance(now, id, &mut running.search) {
            Some(found) => self.out.push_back(Output::Located { id, found }),
            None => drop(self.searches.insert(id, running)),
        }
    }

    /// Takes a search as far as it gets with what is known.
    fn advance(&mut self, now: Instant, id: SearchId, search: &mut Search) -> Option<Result<Targets, Unreachable>> {
        loop {
            match search.poll() {
                Step::Done(found) => return Some(found.map(Targets::new)),
                Step::Wait => return None,
                Step::Ask(question) => {
                    if let Some(answer) = self.look_up(now, id, &question) {
                        search.on_answer(&question, answer);
                    }
                }
            }
        }
    }

    /// What is known; else the question is asked, once.
    fn look_up(&mut self, now: Instant, id: SearchId, question: &Question) -> Option<Answer> {
        let known = self.cache.get(now, question);
        if known.is_some() {
            return known;
        }
        if let Some(asked) = self.asked.get_mut(question).filter(|asked| now < asked.until) {
            if asked.searches.len() >= SEARCHES_MAX {
                asked.searches.retain(|waiting| self.searches.contains_key(waiting));
            }
            asked.searches.push(id);
            return None;
        }
        if self.asked.len() >= ASKED_MAX {
            self.asked.retain(|_, asked| now < asked.until);
        }
        if self.asked.len() >= ASKED_MAX {
            return Some(Err(LookupFault::Failed));
        }
        self.asked.insert(question.clone(), Asked { until: now + ANSWER_MAX, searches: vec![id] });
        self.out.push_back(Output::Ask(question.clone()));
        None
    }
}
