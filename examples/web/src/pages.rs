use askama::Template;
use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use fief_axum::{Authenticated, CurrentUser};
use fief_client::FiefUserInfo;
use url::Url;

use crate::{
    castles::{Castle, Castles},
    messages::Language,
};

/// What all pages share.
#[derive(Clone)]
pub struct Site {
    /// The path of the application's URL, which its links begin with. Empty at the root of a host.
    pub path: String,
    pub castles: Castles,
}

impl Site {
    pub fn new(app_url: &Url) -> Self {
        Self {
            path: app_url.path().trim_end_matches('/').to_owned(),
            castles: Castles::default(),
        }
    }
}

/// What is around the content of every page.
pub struct Frame {
    pub path: String,
    pub language: Language,
    pub visitor: Visitor,
}

/// What the header says of the visitor.
pub enum Visitor {
    Anonymous,
    /// One whose name is known.
    User(String),
    /// One of whom it is not known whether they are logged in.
    Unknown,
}

impl Frame {
    pub fn new(site: &Site, language: Language, visitor: Visitor) -> Self {
        Self {
            path: site.path.clone(),
            language,
            visitor,
        }
    }

    /// That of a page for users, in English.
    fn of(site: &Site, email: &str) -> Self {
        Self::new(site, Language::English, Visitor::User(email.to_owned()))
    }
}

impl From<Option<CurrentUser>> for Visitor {
    fn from(user: Option<CurrentUser>) -> Self {
        user.map_or(Self::Anonymous, |user| Self::User(email(&user)))
    }
}

pub async fn home(State(site): State<Site>, user: Option<CurrentUser>) -> Response {
    let frame = Frame::new(&site, Language::English, user.into());
    render(StatusCode::OK, &Home { frame })
}

pub async fn profile(
    State(site): State<Site>,
    CurrentUser(user): CurrentUser,
    Authenticated(token): Authenticated,
) -> Response {
    let fields = user.fields.iter().map(|(name, value)| {
        let value = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        (name.replace('_', " "), value)
    });
    let email = email(&user);
    let page = Profile {
        frame: Frame::of(&site, &email),
        email,
        id: token.id().to_string(),
        fields: fields.collect(),
        permissions: token.permissions().to_vec(),
    };
    render(StatusCode::OK, &page)
}

pub fn castles(site: &Site, email: String, may_create: bool) -> Response {
    let page = List {
        frame: Frame::of(site, &email),
        email,
        castles: site.castles.all(),
        may_create,
    };
    render(StatusCode::OK, &page)
}

pub fn create(site: &Site, email: &str, name: &str, problem: Option<&'static str>) -> Response {
    let status = match problem {
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
        None => StatusCode::OK,
    };
    let page = Create {
        frame: Frame::of(site, email),
        name: name.to_owned(),
        problem,
    };
    render(status, &page)
}

/// What to call a user.
pub fn email(user: &FiefUserInfo) -> String {
    user.email.clone().unwrap_or_else(|| user.sub.to_string())
}

/// No page may be in a frame of another site.
pub fn render(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => (status, [(header::X_FRAME_OPTIONS, "DENY")], Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page cannot be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

#[derive(Template)]
#[template(path = "home.html")]
struct Home {
    frame: Frame,
}

#[derive(Template)]
#[template(path = "castles.html")]
struct List {
    frame: Frame,
    email: String,
    castles: Vec<Castle>,
    may_create: bool,
}

#[derive(Template)]
#[template(path = "create.html")]
struct Create {
    frame: Frame,
    name: String,
    problem: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "profile.html")]
struct Profile {
    frame: Frame,
    email: String,
    id: String,
    fields: Vec<(String, String)>,
    permissions: Vec<String>,
}
