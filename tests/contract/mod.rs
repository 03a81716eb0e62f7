//! Fief's responses on the wire. Each case runs against `fief-test-server` and against the real Fief.

/// Defines two tests for each case: against `fief-test-server`, and against the real Fief.
macro_rules! contract {
    ($target:ident: $($case:ident),+ $(,)?) => {
        mod embedded {
            $(
                #[tokio::test]
                async fn $case() {
                    super::$case(&super::$target::embedded().await).await;
                }
            )+
        }

        mod real {
            $(
                #[tokio::test]
                #[ignore = "needs the real Fief"]
                async fn $case() {
                    super::$case(&super::$target::real().await).await;
                }
            )+
        }
    };
    ($($case:ident),+ $(,)?) => {
        contract! { Target: $($case),+ }
    };
}

mod addresses;
mod authorize;
mod bodies;
mod client;
mod consent;
mod discovery;
mod embedded;
mod encryption;
mod errors;
mod hook;
mod hybrid;
mod languages;
mod login;
mod logout;
mod passwords;
mod paths;
mod profile;
mod refresh;
mod register;
mod target;
mod tenants;
mod token;
mod tokens;
mod user_api;
mod userinfo;
mod webhooks;
mod wire;

pub(crate) use target::Target;
