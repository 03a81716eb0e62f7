//! The pages that say what went wrong, in the language of the visitor.

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use fief_axum::{CurrentUser, LoginPage, LoginPageKind, Rejection};

use crate::{
    messages::{self, Label, Language},
    pages::{Frame, Site, Visitor, email, render},
};

/// Shows every rejection that is a page. Scripts, and visitors that have to log in, get the default response.
pub fn rejected(site: &Site, rejection: Rejection) -> Response {
    if !rejection.is_page() {
        return rejection.into_response();
    }
    let user = rejection.user().map(email);
    let visitor = user.map_or(Visitor::Unknown, Visitor::User);
    let frame = Frame::new(site, Language::of(rejection.headers()), visitor);
    let message = messages::rejection(rejection.kind(), frame.language);
    let mut page = Message::new(frame, message);
    page.link(rejection.login_url(), messages::LOG_IN);
    page.link(rejection.other_user_url(), messages::OTHER_USER);
    page.link(rejection.back_url(), messages::BACK);
    page.response(rejection.kind().status(), rejection.response_headers())
}

/// Shows every page of the login routes.
pub fn login(site: &Site, login: &LoginPage) -> Response {
    let frame = Frame::new(site, Language::of(login.headers()), Visitor::Unknown);
    let message = messages::login(login.kind(), frame.language);
    let mut page = Message::new(frame, message);
    match login.kind() {
        LoginPageKind::LogOut => page.log_out = Some(login.link().to_owned()),
        _ => page.link(Some(login.link()), messages::CONTINUE),
    }
    page.link(login.other_user_link(), messages::OTHER_USER);
    page.response(login.kind().status(), login.response_headers())
}

pub async fn not_found(
    State(site): State<Site>,
    user: Option<CurrentUser>,
    headers: HeaderMap,
) -> Response {
    let frame = Frame::new(&site, Language::of(&headers), user.into());
    let message = messages::not_found(frame.language);
    Message::new(frame, message).response(StatusCode::NOT_FOUND, HeaderMap::new())
}

/// Something that went wrong, or has to be confirmed.
#[derive(Template)]
#[template(path = "message.html")]
struct Message {
    frame: Frame,
    title: &'static str,
    text: String,
    /// Where to go, and what the links say.
    links: Vec<(String, &'static str)>,
    /// Where a button to log out posts to.
    log_out: Option<String>,
}

impl Message {
    fn new(frame: Frame, (title, text): (&'static str, String)) -> Self {
        Self {
            frame,
            title,
            text,
            links: Vec::new(),
            log_out: None,
        }
    }

    /// Adds a link, if it leads anywhere.
    fn link(&mut self, url: Option<&str>, label: Label) {
        if let Some(url) = url.filter(|url| !url.is_empty()) {
            let label = label.in_language(self.frame.language);
            self.links.push((url.to_owned(), label));
        }
    }

    fn response(mut self, status: StatusCode, headers: HeaderMap) -> Response {
        let home = format!("{}/", self.frame.path);
        self.link(Some(&home), messages::HOME);
        (headers, render(status, &self)).into_response()
    }
}
