use askama::Template;
use axum::{
    http::StatusCode,
    response::{Html, IntoResponse, Response},
};
use fief_axum::{Authenticated, CurrentUser};
use fief_client::FiefUserInfo;

use crate::castles::Castle;

pub async fn home(user: Option<CurrentUser>) -> Response {
    render(
        StatusCode::OK,
        &Home {
            email: user.map(|CurrentUser(user)| email(&user)),
        },
    )
}

pub async fn profile(
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
        email: Some(email(&user)),
        id: token.id().to_string(),
        fields: fields.collect(),
        permissions: token.permissions().to_vec(),
    };
    render(StatusCode::OK, &page)
}

pub fn castles(email: String, castles: Vec<Castle>, may_create: bool) -> Response {
    render(
        StatusCode::OK,
        &Castles {
            email: Some(email),
            castles,
            may_create,
        },
    )
}

pub fn create(email: String, name: &str, problem: Option<&'static str>) -> Response {
    let status = match problem {
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
        None => StatusCode::OK,
    };
    render(
        status,
        &Create {
            email: Some(email),
            name: name.to_owned(),
            problem,
        },
    )
}

pub fn forbidden() -> Response {
    render(
        StatusCode::FORBIDDEN,
        &Forbidden {
            email: Some(String::new()),
        },
    )
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
    email: Option<String>,
}

#[derive(Template)]
#[template(path = "castles.html")]
struct Castles {
    email: Option<String>,
    castles: Vec<Castle>,
    may_create: bool,
}

#[derive(Template)]
#[template(path = "create.html")]
struct Create {
    email: Option<String>,
    name: String,
    problem: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "profile.html")]
struct Profile {
    email: Option<String>,
    id: String,
    fields: Vec<(String, String)>,
    permissions: Vec<String>,
}

#[derive(Template)]
#[template(path = "forbidden.html")]
struct Forbidden {
    email: Option<String>,
}
