//! The responses of the callback route.

use axum::{
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
};
use fief_client::{
    FiefError,
    internal::{Chain, ErrorClass},
};
use tower_cookies::Cookie;

use super::{
    attempt::Attempt,
    callback_query::CallbackQuery,
    config::{LoginConfig, fits_in_header},
    discard::discard_kept,
    failure::failure,
    login_hook::BufferedResponse,
    loop_guard::LoginCounter,
    outcome::{LoggedIn, Outcome},
    page::LoginPageKind,
    redirect::redirect,
    show::{login_link, show, silent_failure, try_again},
};
use crate::{
    cookie::{Jar, limits},
    log::limited,
    response::pending::append_cookies,
    session::{self, Loaded, OpenedCookies},
    shared::Shared,
};

/// What a login began with.
pub(super) struct Begun {
    pub(super) return_to: String,
    pub(super) is_silent: bool,
    pub(super) without_consent: Option<String>,
}

/// A request of the callback route.
pub(super) struct Callback<'a> {
    pub(super) auth: &'a Shared,
    pub(super) site: &'a LoginConfig,
    pub(super) headers: &'a HeaderMap,
    pub(super) query: &'a CallbackQuery,
    /// In seconds of Unix time.
    pub(super) now: u64,
}

impl Callback<'_> {
    /// Returns the response. It removes the attempt's cookie if no callback can
    /// finish the login any more.
    pub(super) async fn response(&self, outcome: Outcome, begun: &Begun) -> Response {
        let return_to = begun.return_to.as_str();
        match outcome {
            // No page is shown.
            Outcome::Denied(_) if begun.is_silent => self.silent_failure(return_to),
            Outcome::Denied(response) => self.denied(&response),
            Outcome::HookFailed => self.ended(show(self.site, LoginPageKind::Failed, None)),
            Outcome::LoggedIn(login) => {
                let page = self.chosen_page(&login);
                let page = page.as_deref().unwrap_or(return_to);
                self.logged_in(&login.created.cookies, page).await
            }
            Outcome::NotSent(error) => self.not_sent(&error, begun),
            Outcome::NotYet => self.try_again(),
            Outcome::OtherCode => show(self.site, LoginPageKind::Expired, Some(return_to)),
            Outcome::Rejected(error) => self.ended(self.failed(&error, return_to)),
            Outcome::Replayed => self.ended(self.without_login(Some(return_to)).await),
            Outcome::SessionFailed(error) => {
                limited!(error, &self.site.sessions.fief, error = %Chain(&error), "failed to create a session");
                self.ended(show(self.site, LoginPageKind::Failed, None))
            }
        }
    }

    /// Returns the page that the application has chosen.
    fn chosen_page(&self, login: &LoggedIn) -> Option<String> {
        let chosen = login.page.as_deref()?;
        let page = self.site.own_page(chosen);
        if page.is_none() {
            limited!(
                error,
                &self.site.sessions.fief,
                "`on_login` redirects to a login route, which is not used"
            );
        }
        page
    }

    /// Responds to a login that the application has rejected. A redirect may be
    /// the one of a loop, so it is counted.
    fn denied(&self, response: &BufferedResponse) -> Response {
        let is_redirect = response.is_redirect();
        let mut response = self.ended(response.clone().into_response());
        if is_redirect {
            let config = &self.site.sessions.cookies;
            let counter = LoginCounter::read(config, Jar::new(self.headers), self.now);
            match counter.next(config) {
                Ok(counter) => append_cookies(response.headers_mut(), &[counter]),
                Err(error) => {
                    limited!(error, process, error = %Chain(&error), "failed to count a login");
                }
            }
        }
        response
    }

    /// Responds to a login that succeeded.
    async fn logged_in(&self, session: &[Cookie<'static>], return_to: &str) -> Response {
        let config = &self.site.sessions.cookies;
        let jar = Jar::new(self.headers);
        let mut cookies = session.to_vec();
        cookies.extend(LoginCounter::read(config, jar, self.now).next(config));
        let state = self.query.response.state();
        cookies.extend(discard_kept(self.site, self.headers, Some(state)).await);
        cookies.extend(Attempt::clear(config, jar, state));
        cookies.extend(limits::surplus_attempts(config, jar, &cookies));
        cookies.extend(self.auth.removed_token_cookie(config, jar));
        redirect(return_to, &cookies)
    }

    /// Responds to a login whose code was not sent.
    fn not_sent(&self, error: &FiefError, begun: &Begun) -> Response {
        let Begun {
            return_to,
            is_silent,
            without_consent,
        } = begun;
        match error.clone().into_class() {
            // A `prompt=none` login that needs interaction is not an error: go back silently.
            ErrorClass::Authorization(error) if *is_silent && needs_interaction(&error) => {
                self.silent_failure(return_to)
            }
            // Fief does not show its login page with `prompt=consent`. After a login it shows
            // that of the consent, if there is none yet.
            ErrorClass::Authorization(error)
                if error == "login_required" && without_consent.is_some() =>
            {
                let query = without_consent.as_deref().unwrap_or_default();
                let page = Some(return_to.as_str()).filter(|page| fits_in_header(page));
                let login = login_link(self.site, page, query);
                self.ended(Redirect::to(&login).into_response())
            }
            // Fief has ended the login, or the callback belongs to another one.
            ErrorClass::Authorization(_) | ErrorClass::Callback => {
                self.ended(self.failed(error, return_to))
            }
            ErrorClass::Configuration
            | ErrorClass::Expired
            | ErrorClass::IdToken
            | ErrorClass::Inactive
            | ErrorClass::Invalid
            | ErrorClass::Response
            | ErrorClass::Status(..)
            | ErrorClass::TokensPending
            | ErrorClass::Transport
            | ErrorClass::Unmet(_)
            | ErrorClass::Webhook => match failure(self.site, error) {
                LoginPageKind::Unavailable => self.try_again(),
                kind => show(self.site, kind, None),
            },
        }
    }

    /// Shows a link to the same callback. The attempt's cookie stays.
    fn try_again(&self) -> Response {
        try_again(self.query.link(&self.site.callback_path()))
    }

    /// Shows why the login failed.
    fn failed(&self, error: &FiefError, return_to: &str) -> Response {
        show(self.site, failure(self.site, error), Some(return_to))
    }

    /// Responds to a callback that no login can be finished with: the login was
    /// started in another browser, or too long ago, or has been finished and the
    /// user went back. With an active session it redirects to the page that is
    /// known of the attempt, else to the page after the login.
    ///
    /// The code is not sent to Fief, since it may belong to an attacker's login.
    pub(super) async fn without_login(&self, return_to: Option<&str>) -> Response {
        let Self {
            auth: _,
            site,
            headers,
            query: _,
            now,
        } = *self;
        let Some(cookies) = OpenedCookies::read(&site.sessions, headers) else {
            return show(site, LoginPageKind::Expired, return_to);
        };
        match session::load(&site.sessions, cookies, now).await {
            Ok(Loaded::Active { .. }) => {
                Redirect::to(return_to.unwrap_or(&site.after_login)).into_response()
            }
            Ok(Loaded::Expired) => show(site, LoginPageKind::Expired, return_to),
            Err(error) => {
                limited!(error, &self.site.sessions.fief, error = %Chain(&error), "failed to load a session");
                show(site, LoginPageKind::Unavailable, return_to)
            }
        }
    }

    /// Responds to a callback whose login began too long ago. The attempt's cookie
    /// stays if a page is shown, so that a reload shows the same link.
    pub(super) async fn late(&self, begun: &Begun) -> Response {
        let return_to = begun.return_to.as_str();
        let response = self.without_login(Some(return_to)).await;
        if response.status().is_redirection() {
            self.ended(response)
        } else if begun.is_silent {
            self.silent_failure(return_to)
        } else {
            response
        }
    }

    /// Redirects back to the page of a silent login that failed.
    fn silent_failure(&self, return_to: &str) -> Response {
        let config = &self.site.sessions.cookies;
        let counter = LoginCounter::read(config, Jar::new(self.headers), self.now);
        self.ended(silent_failure(return_to, counter.next_silent(config)))
    }

    /// Removes the attempt's cookie.
    fn ended(&self, mut response: Response) -> Response {
        let state = self.query.response.state();
        let (config, jar) = (&self.site.sessions.cookies, Jar::new(self.headers));
        if let Some(removal) = Attempt::clear(config, jar, state) {
            append_cookies(response.headers_mut(), &[removal]);
        }
        response
    }
}

/// Returns whether an error means that Fief has to show a page, which
/// `prompt=none` forbids
/// ([OpenID Connect Core, section 3.1.2.6](https://openid.net/specs/openid-connect-core-1_0.html#AuthError)).
fn needs_interaction(error: &str) -> bool {
    matches!(
        error,
        "account_selection_required"
            | "consent_required"
            | "interaction_required"
            | "login_required"
    )
}
