//! Formats of sealed sessions.
//!
//! | format | label | of |
//! | --- | --- | --- |
//! | plain | `session 2`, `record 2` | sessions without [`Extra`] |
//! | extended | `session 3`, `record 3`, with [`EXTENDED`] in front | those with it |
//!
//! A release that knows only the plain format reads and writes the plain sessions
//! of this one, and this one reads its. An extended session is nothing that it can
//! open: it neither removes its cookies nor saves its record, in which it
//! would lose the extra.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{data::Session, extra::Extra};
use crate::{
    Error,
    cookie::{Keys, Purpose},
};

/// Extended session, to be sealed.
#[derive(Serialize)]
struct Extended<'a> {
    session: &'a Session,
    extra: &'a Extra,
}

/// Extended session that was opened.
#[derive(Deserialize)]
struct Opened {
    session: Session,
    extra: Extra,
}

impl<'a> Extended<'a> {
    /// Returns `None` if the session has no extra.
    fn of(session: &'a Session) -> Option<Self> {
        let extra = &*session.extra;
        (!extra.is_empty()).then_some(Self { session, extra })
    }
}

impl From<Opened> for Session {
    fn from(opened: Opened) -> Self {
        let Opened { session, extra } = opened;
        session.with_extra(extra)
    }
}

/// Seals a session for its cookies.
pub(super) fn seal(keys: &Keys, session: &Session) -> Result<String, Error> {
    match Extended::of(session) {
        Some(extended) => Ok(mark(&keys.seal(Purpose::ExtendedSession, &extended)?)),
        None => keys.seal(Purpose::Session, session),
    }
}

/// Opens a session of cookies. Returns `None` if it was not sealed by this
/// application.
pub(super) fn open(keys: &Keys, sealed: &[u8]) -> Option<Session> {
    match sealed.strip_prefix(EXTENDED.as_bytes()) {
        Some(sealed) => {
            let opened: Option<Opened> = keys.open(Purpose::ExtendedSession, sealed);
            opened.map(Session::from)
        }
        None => keys.open(Purpose::Session, sealed),
    }
}

/// Seals a session for the record with this id.
pub(super) fn seal_record(keys: &Keys, id: Uuid, session: &Session) -> Result<String, Error> {
    let bound = id.as_bytes();
    match Extended::of(session) {
        Some(extended) => {
            let sealed = keys.seal_bound(Purpose::ExtendedRecord, bound, &extended)?;
            Ok(mark(&sealed))
        }
        None => keys.seal_bound(Purpose::Record, bound, session),
    }
}

/// Opens the session of the record with this id. Returns `None` if the record is
/// foreign.
pub(super) fn open_record(keys: &Keys, id: Uuid, sealed: &str) -> Option<Session> {
    let bound = id.as_bytes();
    match sealed.strip_prefix(EXTENDED) {
        Some(sealed) => {
            let opened: Option<Opened> = keys.open_bound(Purpose::ExtendedRecord, bound, sealed);
            opened.map(Session::from)
        }
        None => keys.open_bound(Purpose::Record, bound, sealed),
    }
}

fn mark(sealed: &str) -> String {
    [EXTENDED, sealed].concat()
}

/// What an extended session begins with. The dot is not in base64url.
const EXTENDED: &str = "3.";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Extra, Keys, Purpose, Session, Uuid, open, open_record, seal, seal_record};
    use crate::SessionKey;

    type Result = std::result::Result<(), Box<dyn std::error::Error>>;

    fn keys() -> std::result::Result<Keys, crate::Error> {
        let key = SessionKey::from_bytes(b"a key of thirty-two random bytes")?;
        Keys::new(key, Vec::new(), "client")
    }

    fn session() -> serde_json::Result<Session> {
        serde_json::from_value(json!({
            "id": Uuid::from_u128(1), "generation": 2, "user": Uuid::from_u128(3), "access_token": "a.b.c",
            "refresh_token": "r", "auth_time": 4, "expires_at": 5, "refreshed_at": 6, "created_at": 7,
            "origin": {"process": Uuid::from_u128(8), "sequence": 9}, "pending": null,
        }))
    }

    fn extended() -> serde_json::Result<Session> {
        let data = Some("[7]".into());
        let is_remembered = true;
        Ok(session()?.with_extra(Extra {
            is_remembered,
            data,
        }))
    }

    /// The previous release sealed these.
    #[test]
    fn sessions_of_the_previous_release_are_opened() -> Result {
        let (keys, session) = (keys()?, session()?);
        let opened = [
            open(&keys, PREVIOUS_COOKIE.as_bytes()),
            open_record(&keys, Uuid::nil(), PREVIOUS_RECORD),
        ];
        for opened in opened {
            assert_eq!(format!("{opened:?}"), format!("{:?}", Some(&session)));
        }
        Ok(())
    }

    /// It opens them like this.
    #[test]
    fn the_previous_release_opens_sessions_without_extra() -> Result {
        let (keys, session, id) = (keys()?, session()?, Uuid::nil());
        let cookie: Option<Session> = keys.open(Purpose::Session, &seal(&keys, &session)?);
        let record = seal_record(&keys, id, &session)?;
        let record: Option<Session> = keys.open_bound(Purpose::Record, id.as_bytes(), &record);
        assert!(cookie.is_some() && record.is_some());
        Ok(())
    }

    #[test]
    fn the_previous_release_opens_no_extended_session() -> Result {
        let (keys, session, id) = (keys()?, extended()?, Uuid::nil());
        let sealed = [seal(&keys, &session)?, seal_record(&keys, id, &session)?];
        for sealed in &sealed {
            for text in [sealed.as_str(), sealed.trim_start_matches("3.")] {
                for purpose in [Purpose::Session, Purpose::Record] {
                    assert!(keys.open::<Session>(purpose, text).is_none());
                    let record: Option<Session> = keys.open_bound(purpose, id.as_bytes(), text);
                    assert!(record.is_none());
                }
            }
        }
        Ok(())
    }

    #[test]
    fn an_extended_session_is_the_same_again() -> Result {
        let (keys, session, id) = (keys()?, extended()?, Uuid::nil());
        let cookie = open(&keys, seal(&keys, &session)?.as_bytes());
        let record = open_record(&keys, id, &seal_record(&keys, id, &session)?);
        for opened in [cookie, record] {
            let opened = opened.ok_or("it cannot be opened")?;
            assert_eq!(format!("{opened:?}"), format!("{session:?}"));
            assert_eq!(opened.extra.data.as_deref(), Some("[7]"));
        }
        let elsewhere = open_record(&keys, Uuid::max(), &seal_record(&keys, id, &session)?);
        assert!(elsewhere.is_none());
        Ok(())
    }

    const PREVIOUS_COOKIE: &str = "OEuOrAnbZ_v2TA0MoPZyGFEw0cxNfeCbhaQBDj_lRZEmpFvVzr-v7-i8rPzx9v3iftW2fKwx1DSetqXasm5ohQOl5FKCFr1CwJwGRmWX89EagB2zSz4y0WGewGh9oBQNtw";
    const PREVIOUS_RECORD: &str = "yuC6h_3azrMcs98uOG998zpVu-qSPoXOouO88atsw3HuN6rflHT4hZ-WHmsyg6Ul-OcGeUodvROE0HJqxE6Lunii1ApxXCiEmb5RnlwYtRMsC54NYZLUCifboarTflygLIjkCup4Yabt_vm3EZ01IjiW1MW5pqwVEkUQNaYAArALbSctTbALX4WQ6QPVuUsTSKQFJWRFC1eaMXAFw_NfGBxATKk1qRA8BPCgWD2d3U7mgNCpYpXGNsBu79wOpZF2dJLt-uy9G7uAn09P1eEE5TlyJ8RNsohZ600UZZKpLDi7fNgWUW_Todo6Xwx7n38fiXTBocGk_Tcoykb1dPx8TTPV-gM0q591882n8-Ueke5QjgbmV1deVJIVyrpzDqneUX24Mjd_5dSAgZenjpJc6_-6FAv9r6wPCGIUArR6uTBEgbawx9o";
}
