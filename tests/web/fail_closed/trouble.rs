use fief_test_server::{Endpoint, Fault, FiefTestServer};
use proptest::{prelude::*, sample::select};
use serde_json::json;

use crate::web::EMAIL;

/// What is wrong with Fief.
#[derive(Clone, Copy, Debug)]
pub enum Trouble {
    None,
    Discovery(u16),
    Keys(u16),
    Garbage,
    Cut,
    Hang,
    Userinfo(u16),
    UserinfoCut,
    UserinfoHang,
    UserInactive,
    UserOther,
}

impl Trouble {
    pub fn of(self, server: &FiefTestServer) {
        let user = |id: &str, is_active: bool| json!({"sub": id, "is_active": is_active});
        let anne = server.user_id(EMAIL).to_string();
        let (endpoint, fault) = match self {
            Self::None => return,
            Self::Discovery(status) => (Endpoint::Discovery, Fault::status(status)),
            Self::Keys(status) => (Endpoint::Jwks, Fault::status(status)),
            Self::Garbage => (Endpoint::Jwks, Fault::garbage()),
            Self::Cut => (Endpoint::Discovery, Fault::cut()),
            Self::Hang => (Endpoint::Discovery, Fault::hang()),
            Self::Userinfo(status) => (Endpoint::Userinfo, Fault::status(status)),
            Self::UserinfoCut => (Endpoint::Userinfo, Fault::cut()),
            Self::UserinfoHang => (Endpoint::Userinfo, Fault::hang()),
            Self::UserInactive => (Endpoint::Userinfo, Fault::json(user(&anne, false))),
            Self::UserOther => {
                let other = user("ca19f041-618e-417a-a68a-3840a568fb8f", true);
                (Endpoint::Userinfo, Fault::json(other))
            }
        };
        server.fault(endpoint, fault);
    }

    pub fn hangs(self) -> bool {
        matches!(self, Self::Hang | Self::UserinfoHang)
    }

    /// Returns `true` if only userinfo is affected.
    pub fn is_of_userinfo(self) -> bool {
        use Trouble as T;
        matches!(
            self,
            T::Userinfo(_) | T::UserinfoCut | T::UserinfoHang | T::UserInactive | T::UserOther
        )
    }
}

pub fn troubles() -> impl Strategy<Value = Trouble> {
    use Trouble as T;
    prop_oneof![
        8 => Just(T::None),
        2 => select(vec![301, 400, 401, 404, 429, 500, 503]).prop_map(T::Discovery),
        2 => select(vec![204, 302, 401, 500, 503]).prop_map(T::Keys),
        2 => select(vec![T::Garbage, T::Cut, T::Hang]),
        2 => select(vec![204, 302, 401, 403, 404, 500, 503]).prop_map(T::Userinfo),
        2 => select(vec![T::UserinfoCut, T::UserinfoHang, T::UserInactive, T::UserOther]),
    ]
}
