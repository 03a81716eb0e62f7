//! The ids, keys and records that the numbers of a model stand for.

use serde_json::json;
use uuid::Uuid;

use super::super::{data, mark::UserMark};
use crate::{
    SessionKey,
    cookie::{Keys, Purpose},
};

/// Number of a session, of a generation, of a process or of a session key.
pub(super) type Number = u8;

/// Place of a record in the store. The last number is that of the session key
/// that its id is derived from.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(super) enum Place {
    Epoch(Number),
    ForAll(Number),
    Lease(Number, Number, Number, Number),
    Mark(Number),
    Own(Number, Number),
    Session(Number, Number),
}

/// What a record says.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) enum Content {
    /// A random value. [`FRESH`] is one that was not there before.
    Epoch(Number),
    /// The process that refreshes.
    Lease(Number),
    /// The user is denied.
    Mark,
    Own(Number),
    /// Session and generation, and whether its tokens are not verified yet.
    Session(Number, Number, bool),
}

/// Record in the store.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) struct Sealed {
    pub(super) content: Content,
    /// The session key that it is sealed with.
    pub(super) key: Number,
    /// Whether older versions cannot read it.
    pub(super) is_new: bool,
}

/// What the cookie of a session says.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) struct Ticket {
    pub(super) session: Number,
    /// The session key of all its records, and of the cookie.
    pub(super) key: Number,
    pub(super) epoch: Number,
}

/// Returns all places whose ids are derived from a session key.
pub(super) fn places(key: Number) -> Vec<(Uuid, Place)> {
    let keys = keys(&[key]);
    let derived = |kind: &[u8], owner| keys.record_ids(kind, owner).next().unwrap();
    let epoch = derived(b"epoch", id(USER, 0));
    let mut places = vec![
        (epoch, Place::Epoch(key)),
        (derived(b"mark", epoch), Place::Mark(key)),
        (derived(b"mark for all", Uuid::nil()), Place::ForAll(key)),
    ];
    for session in 0..MAX_SESSIONS {
        let owner = id(SESSION, session);
        places.push((derived(b"own", owner), Place::Own(session, key)));
        places.push((derived(b"session", owner), Place::Session(session, key)));
        for generation in 0..MAX_GENERATIONS {
            for slot in 1..=2 {
                let text = slot.to_string();
                let generation_bytes = u64::from(generation).to_be_bytes();
                let kind = [b"refresh", generation_bytes.as_slice(), text.as_bytes()].concat();
                let place = Place::Lease(session, generation, slot, key);
                places.push((derived(&kind, owner), place));
            }
        }
    }
    places
}

pub(super) fn keys(numbers: &[Number]) -> Keys {
    let key = |number: &Number| {
        let mut bytes: [u8; 32] = std::array::from_fn(|i| u8::try_from(i).unwrap());
        bytes[0] = 100 + number;
        SessionKey::from_bytes(&bytes).unwrap()
    };
    let previous = numbers.iter().skip(1).map(key).collect();
    Keys::new(key(&numbers[0]), previous, "client").unwrap()
}

/// Seals what a record says.
pub(super) fn text(record: Uuid, sealed: Sealed) -> String {
    let keys = keys(&[sealed.key]);
    let bound = record.as_bytes();
    let sealed = match sealed.content {
        Content::Epoch(number) => keys.seal_bound(Purpose::Record, bound, &id(EPOCH, number)),
        Content::Lease(number) => keys.seal_bound(Purpose::Record, bound, &id(PROCESS, number)),
        Content::Mark => keys.seal_bound(Purpose::Record, bound, &UserMark::denied(1)),
        Content::Own(number) => keys.seal_bound(Purpose::Record, bound, &id(SESSION, number)),
        Content::Session(number, generation, is_pending) => {
            let session = session(number, generation, is_pending);
            keys.seal_bound(Purpose::Record, bound, &session)
        }
    };
    sealed.unwrap()
}

pub(super) fn session(number: Number, generation: Number, is_pending: bool) -> data::Session {
    let value = json!({
        "id": id(SESSION, number),
        "generation": generation,
        "user": id(USER, 0),
        "access_token": "token",
        "refresh_token": null,
        "pending": is_pending.then_some("pending"),
        "auth_time": null,
        "expires_at": 100,
        "refreshed_at": 0,
        "created_at": 0,
        "origin": { "process": id(PROCESS, 0), "sequence": 0 },
    });
    serde_json::from_value(value).unwrap()
}

pub(super) fn real_ticket(ticket: Ticket) -> data::Ticket {
    let keys = keys(&[ticket.key]);
    let owner = id(SESSION, ticket.session);
    let derived = |kind: &[u8], owner| keys.record_ids(kind, owner).next().unwrap();
    data::Ticket {
        id: owner,
        user: id(USER, 0),
        session_record: derived(b"session", owner),
        own_record: derived(b"own", owner),
        epoch_record: derived(b"epoch", id(USER, 0)),
        epoch: id(EPOCH, ticket.epoch),
    }
}

/// Returns the id of what has this number.
pub(super) fn id(kind: u8, number: Number) -> Uuid {
    Uuid::from_bytes([kind, number, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
}

pub(super) fn number_of(id: Uuid) -> Number {
    id.as_bytes()[1]
}

pub(super) fn generation_of(session: &data::Session) -> (Number, bool) {
    let generation = u8::try_from(session.generation).unwrap();
    (generation, session.pending().is_some())
}

pub(super) const FRESH: Number = 255;
pub(super) const EPOCH: u8 = 1;
pub(super) const PROCESS: u8 = 2;
pub(super) const SESSION: u8 = 3;
pub(super) const USER: u8 = 4;
const MAX_SESSIONS: Number = 4;
const MAX_GENERATIONS: Number = 6;
