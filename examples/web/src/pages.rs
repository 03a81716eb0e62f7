use askama::Template;
use axum::{
    extract::State,
    http::StatusCode,
    response::{Html, IntoResponse, Response},
};
use fief_axum::{Authenticated, CurrentUser};
use fief_client::FiefUserInfo;
use url::Url;

use crate::castles::{Castle, Castles};

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

pub async fn home(State(site): State<Site>, user: Option<CurrentUser>) -> Response {
    render(
        StatusCode::OK,
        &Home {
            path: site.path,
            email: user.map(|CurrentUser(user)| email(&user)),
        },
    )
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
    let page = Profile {
        path: site.path,
        email: Some(email(&user)),
        id: token.id().to_string(),
        fields: fields.collect(),
        permissions: token.permissions().to_vec(),
    };
    render(StatusCode::OK, &page)
}

pub fn castles(site: &Site, email: String, may_create: bool) -> Response {
    render(
        StatusCode::OK,
        &List {
            path: site.path.clone(),
            email: Some(email),
            castles: site.castles.all(),
            may_create,
        },
    )
}

pub fn create(site: &Site, email: String, name: &str, problem: Option<&'static str>) -> Response {
    let status = match problem {
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
        None => StatusCode::OK,
    };
    render(
        status,
        &Create {
            path: site.path.clone(),
            email: Some(email),
            name: name.to_owned(),
            problem,
        },
    )
}

pub fn forbidden(site: &Site, other_user: Option<&str>) -> Response {
    render(
        StatusCode::FORBIDDEN,
        &Forbidden {
            path: site.path.clone(),
            email: Some(String::new()),
            other_user: other_user.map(str::to_owned),
        },
    )
}

pub async fn not_found(State(site): State<Site>, user: Option<CurrentUser>) -> Response {
    let email = user.map(|CurrentUser(user)| email(&user));
    let path = site.path;
    render(StatusCode::NOT_FOUND, &NotFound { path, email })
}

/// What to call a user.
pub fn email(user: &FiefUserInfo) -> String {
    user.email.clone().unwrap_or_else(|| user.sub.to_string())
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

#[derive(Template)]
#[template(path = "home.html")]
struct Home {
    path: String,
    email: Option<String>,
}

#[derive(Template)]
#[template(path = "castles.html")]
struct List {
    path: String,
    email: Option<String>,
    castles: Vec<Castle>,
    may_create: bool,
}

#[derive(Template)]
#[template(path = "create.html")]
struct Create {
    path: String,
    email: Option<String>,
    name: String,
    problem: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "profile.html")]
struct Profile {
    path: String,
    email: Option<String>,
    id: String,
    fields: Vec<(String, String)>,
    permissions: Vec<String>,
}

#[derive(Template)]
#[template(path = "forbidden.html")]
struct Forbidden {
    path: String,
    email: Option<String>,
    other_user: Option<String>,
}

#[derive(Template)]
#[template(path = "not_found.html")]
struct NotFound {
    path: String,
    email: Option<String>,
}
