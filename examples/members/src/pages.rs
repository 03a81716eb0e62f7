use askama::Template;
use axum::{
    Form,
    extract::State,
    http::StatusCode,
    response::{Html, IntoResponse, Redirect, Response},
};
use fief_axum::{LoginPage, LoginPageKind, Rejection, RejectionKind, fief_client::FiefUserInfo};
use serde::Deserialize;

use crate::members::{DatabaseError, Member, Members};

pub async fn home(State(members): State<Members>, member: Result<Member, Response>) -> Response {
    let page = Home {
        member: member.ok(),
        domain: members.domain().to_owned(),
    };
    render(StatusCode::OK, &page)
}

pub async fn members(
    State(members): State<Members>,
    member: Member,
) -> Result<Response, DatabaseError> {
    let page = List {
        all: members.all().await?,
        member: Some(member),
    };
    Ok(render(StatusCode::OK, &page))
}

/// Where new members are sent to by their first login.
pub async fn welcome(member: Member) -> Response {
    let member = Some(member);
    render(
        StatusCode::OK,
        &Welcome {
            member,
            problem: None,
        },
    )
}

#[derive(Deserialize)]
pub struct NewName {
    name: String,
}

pub async fn rename(
    State(members): State<Members>,
    member: Member,
    Form(new): Form<NewName>,
) -> Result<Response, DatabaseError> {
    let name = new.name.trim();
    if name.is_empty() || name.chars().count() > 40 {
        let page = Welcome {
            member: Some(member),
            problem: Some("A name has 1 to 40 characters."),
        };
        return Ok(render(StatusCode::UNPROCESSABLE_ENTITY, &page));
    }
    members.rename(member.number, name).await?;
    Ok(Redirect::to("/members").into_response())
}

pub async fn not_found(member: Result<Member, Response>) -> Response {
    let page = Message::new("Not found", "There is no such page.");
    let member = member.ok();
    render(StatusCode::NOT_FOUND, &Message { member, ..page })
}

/// Fief has accepted the login, and we do not.
pub fn outsider(user: &FiefUserInfo, domain: &str) -> Response {
    let email = user.email.as_deref().unwrap_or_default();
    let text = format!("Members need a verified address of {domain}. You logged in as {email}.");
    let page = Message::new("Members only", text);
    render(
        StatusCode::FORBIDDEN,
        &page.link(OTHER_ACCOUNT, "Log in with another account"),
    )
}

pub fn banned() -> Response {
    let page = Message::new("Banned", "This account may not log in any more.");
    render(
        StatusCode::FORBIDDEN,
        &page.link(OTHER_ACCOUNT, "Log in with another account"),
    )
}

/// The session is that of nobody in the table, which was emptied since.
pub fn no_member() -> Response {
    let page = Message::new("No member", "Please log in again to join.");
    render(StatusCode::FORBIDDEN, &page.link("/login", "Log in"))
}

pub fn unavailable() -> Response {
    let page = Message::new(
        "Back soon",
        "This does not work for the moment. Please try again.",
    );
    render(StatusCode::SERVICE_UNAVAILABLE, &page)
}

/// The pages of the login routes.
pub fn of_login(page: LoginPage) -> Response {
    let (title, text) = match page.kind() {
        LoginPageKind::LogOut => ("Log out?", "Please confirm that you want to log out."),
        LoginPageKind::LogoutIncomplete => return page.into_response(),
        LoginPageKind::Denied | LoginPageKind::Rejected => ("Not logged in", "You can try again."),
        LoginPageKind::Expired => (
            "Please log in again",
            "This login was used, or took too long.",
        ),
        LoginPageKind::Looping => ("Too many logins", "Please wait a minute."),
        LoginPageKind::Unavailable => ("Back soon", "The login does not work for the moment."),
        _ => (
            "Login failed",
            "Something is wrong here, and we were told. Please try later.",
        ),
    };
    let message = Message::new(title, text);
    let message = match page.kind() {
        LoginPageKind::LogOut => message.form(page.link(), "Log out"),
        _ if page.link().is_empty() => message.link("/", "To the start page"),
        _ => message.link(page.link(), "Log in"),
    };
    let rendered = render(page.kind().status(), &message);
    match page.retry_after() {
        Some(after) => ([("retry-after", after.as_secs().to_string())], rendered).into_response(),
        None => rendered,
    }
}

/// What a guard or an extractor rejects. Pages that need a login are still redirected to it.
pub fn of_rejection(rejection: Rejection) -> Response {
    match rejection.kind() {
        RejectionKind::Unavailable if rejection.is_navigation() => {
            ([("retry-after", "5")], unavailable()).into_response()
        }
        _ => rejection.into_response(),
    }
}

fn render(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page cannot be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

const OTHER_ACCOUNT: &str = "/login?prompt=login";

#[derive(Template)]
#[template(path = "home.html")]
struct Home {
    member: Option<Member>,
    domain: String,
}

#[derive(Template)]
#[template(path = "members.html")]
struct List {
    member: Option<Member>,
    all: Vec<Member>,
}

#[derive(Template)]
#[template(path = "welcome.html")]
struct Welcome {
    member: Option<Member>,
    problem: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "message.html")]
struct Message {
    member: Option<Member>,
    title: &'static str,
    text: String,
    /// Where to go on, and what that is called.
    link: Option<(String, &'static str)>,
    form: Option<(String, &'static str)>,
}

impl Message {
    fn new(title: &'static str, text: impl Into<String>) -> Self {
        Self {
            member: None,
            title,
            text: text.into(),
            link: None,
            form: None,
        }
    }

    fn link(mut self, link: &str, label: &'static str) -> Self {
        self.link = Some((link.to_owned(), label));
        self
    }

    fn form(mut self, action: &str, label: &'static str) -> Self {
        self.form = Some((action.to_owned(), label));
        self
    }
}
