//! The session: what a browser keeps from its login on.

mod cookie;
mod current;
mod data;
mod ended;
mod ending;
mod key;
mod records;
mod refresh;
mod seal;
mod settings;
mod store;
#[cfg(feature = "tower-sessions")]
mod tower_sessions;
mod visit;
mod watch;

pub use self::key::SessionKey;
pub(crate) use self::{
    cookie::{Jar, named},
    current::{Fresh, current, refreshed, validate},
    data::{Session, is_within, seconds},
    ended::Ended,
    refresh::{Outcome, Refresh, Refreshes},
    seal::{Keys, Purpose},
    settings::Settings,
    store::{Store, Ticket},
    visit::{Opened, Visit, begin, end, leave, read, write},
    watch::ended,
};
