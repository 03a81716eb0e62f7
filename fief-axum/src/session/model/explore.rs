//! Explores every state that can be reached.

use std::{
    collections::{HashSet, VecDeque},
    fmt::Debug,
    hash::{DefaultHasher, Hash, Hasher},
};

/// State of a model.
pub(super) trait World: Clone + Debug + Hash {
    /// Returns what may happen, and the states that it leads to.
    fn next(&self) -> Vec<(Event, Self)>;

    /// Returns which promise is broken, if one is.
    fn broken(&self) -> Option<&'static str>;
}

/// What happened, and to which process, session or task.
pub(super) type Event = (&'static str, usize);

/// Result of an exploration.
#[derive(Debug)]
pub(super) struct Explored {
    pub(super) states: usize,
    /// The first promise that was found broken, and how it came to that.
    pub(super) broken: Option<(&'static str, String)>,
}

/// Explores all states, breadth first, so that the way to a broken promise is the
/// shortest one.
pub(super) fn explore<W: World>(start: W) -> Explored {
    let mut visited = HashSet::from([fingerprint(&start)]);
    // How each state was reached: from which one, and by which event.
    let mut ways: Vec<(usize, Event)> = vec![(0, ("start", 0))];
    let mut queue = VecDeque::from([(0, start)]);
    while let Some((number, world)) = queue.pop_front() {
        if let Some(promise) = world.broken() {
            let way = format!("{}\n{world:#?}", way_to(number, &ways));
            return Explored {
                states: visited.len(),
                broken: Some((promise, way)),
            };
        }
        for (event, next) in world.next() {
            if visited.insert(fingerprint(&next)) {
                queue.push_back((ways.len(), next));
                ways.push((number, event));
            }
        }
        assert!(visited.len() <= MAX_STATES, "too many states");
    }
    Explored {
        states: visited.len(),
        broken: None,
    }
}

fn fingerprint(world: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    world.hash(&mut hasher);
    hasher.finish()
}

fn way_to(mut number: usize, ways: &[(usize, Event)]) -> String {
    let mut events = Vec::new();
    while let Some((before, (what, which))) = ways.get(number).filter(|_| number > 0) {
        events.push(format!("{what} {which}"));
        number = *before;
    }
    events.reverse();
    events.join(", ")
}

const MAX_STATES: usize = 2_000_000;
