//! What each kind of caller is sent for every kind of rejection: the table in the docs of `Rejection`.

use axum::http::{Method, Request, header, request::Builder};
use fief_axum::{FiefAuth, SessionKey};
use fief_test_server::FiefTestServer;
use serde_json::json;

use super::{
    COOKIE, TestResponse, fief,
    rejections::{Case, Kind, cases, respond, retry_after},
};

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Caller {
    Api,
    Fetch,
    Grpc,
    Htmx,
    Navigation,
}

/// One request of the table.
#[derive(Clone, Debug)]
struct Row {
    caller: Caller,
    method: Method,
    has_login: bool,
    /// With Fetch Metadata, which browsers do not send by plain http.
    is_https: bool,
}

/// What a response must be.
#[derive(Debug, Eq, PartialEq)]
struct Expected {
    status: u16,
    content_type: &'static str,
    challenge: String,
    retry_after: &'static str,
    location: String,
    hx_redirect: String,
    grpc_status: &'static str,
    body: Body,
}

#[derive(Debug, Eq, PartialEq)]
enum Body {
    Empty,
    Json(serde_json::Value),
    /// Its links.
    Html(Vec<String>),
}

fn rows() -> Vec<Row> {
    let callers = [
        Caller::Api,
        Caller::Fetch,
        Caller::Grpc,
        Caller::Htmx,
        Caller::Navigation,
    ];
    let mut rows = Vec::new();
    for caller in callers {
        for method in [Method::GET, Method::POST] {
            for (has_login, is_https) in
                [(true, true), (true, false), (false, true), (false, false)]
            {
                let method = method.clone();
                rows.push(Row {
                    caller,
                    method,
                    has_login,
                    is_https,
                });
            }
        }
    }
    rows
}

impl Row {
    fn origin(&self) -> &'static str {
        if self.is_https {
            "https://app.example.com"
        } else {
            "http://127.0.0.1:3000"
        }
    }

    fn auth(&self, server: &FiefTestServer) -> FiefAuth {
        let builder = FiefAuth::builder(fief(server)).access_token_cookie(COOKIE);
        let builder = if self.has_login {
            builder.login(self.origin(), SessionKey::generate().unwrap())
        } else {
            builder
        };
        builder.build().unwrap()
    }

    fn request(&self) -> Builder {
        let (mode, accept, content_type) = match self.caller {
            Caller::Api => (None, "application/json", "application/json"),
            Caller::Fetch => (Some("cors"), "*/*", "application/json"),
            Caller::Grpc => (None, "*/*", "application/grpc+proto"),
            Caller::Htmx => (Some("cors"), "text/html, */*", FORM),
            Caller::Navigation => (Some("navigate"), "text/html,*/*;q=0.8", FORM),
        };
        let mut request = Request::builder().method(self.method.clone()).uri("/");
        if let Some(mode) = mode.filter(|_| self.is_https) {
            request = request.header("sec-fetch-mode", mode);
        }
        if self.method == Method::POST || self.caller == Caller::Grpc {
            request = request.header(header::CONTENT_TYPE, content_type);
        }
        if self.caller == Caller::Htmx {
            let url = format!("{}/page?b=2", self.origin());
            request = request
                .header("hx-request", "true")
                .header("hx-current-url", url);
        }
        request
            .header(header::ACCEPT, accept)
            .header(header::REFERER, format!("{}/form?a=1", self.origin()))
    }

    fn is_form(&self) -> bool {
        self.caller == Caller::Navigation && self.method == Method::POST
    }

    /// Returns the page to come back to, as a query has it.
    fn page(&self) -> &'static str {
        match self.caller {
            Caller::Htmx => "%2Fpage%3Fb%3D2",
            _ if self.is_form() => "%2Fform%3Fa%3D1",
            _ => "%2F",
        }
    }

    fn expected(&self, case: &Case) -> Expected {
        let step_up = case.login.strip_prefix("/login?return_to=%2F");
        let login = step_up.filter(|_| self.has_login);
        let login = login.map(|step_up| format!("/login?return_to={}{step_up}", self.page()));
        let is_of_user = case.status == 403 && case.kind != Kind::CrossSite;
        let other_user = (is_of_user && self.has_login)
            .then(|| format!("/login?return_to={}&prompt=login", self.page()));
        let json = Expected {
            status: case.status,
            content_type: "application/json",
            challenge: case.challenge.to_owned(),
            retry_after: retry_after(&case.kind),
            location: String::new(),
            hx_redirect: String::new(),
            grpc_status: "",
            body: Body::Json(json!({ "error": case.error, "error_description": case.description })),
        };
        let html = |links| Expected {
            content_type: "text/html; charset=utf-8",
            body: Body::Html(links),
            ..json.clone()
        };
        match self.caller {
            Caller::Api | Caller::Fetch => json,
            Caller::Grpc => Expected {
                status: 200,
                content_type: "application/grpc",
                challenge: String::new(),
                retry_after: "",
                grpc_status: case.grpc_status(),
                body: Body::Empty,
                ..json
            },
            Caller::Htmx => Expected {
                hx_redirect: login.clone().unwrap_or_default(),
                ..html(login.into_iter().chain(other_user).collect())
            },
            Caller::Navigation if self.is_form() => {
                let back = self.has_login && login.is_none();
                let back = back.then(|| "/form?a=1".to_owned());
                html(login.into_iter().chain(other_user).chain(back).collect())
            }
            Caller::Navigation if !self.has_login => json,
            Caller::Navigation => match login {
                Some(location) => Expected {
                    status: 303,
                    content_type: "",
                    challenge: String::new(),
                    retry_after: "",
                    location,
                    body: Body::Empty,
                    ..json
                },
                None => {
                    let retry = (case.kind == Kind::Unavailable).then(|| "/".to_owned());
                    html(other_user.into_iter().chain(retry).collect())
                }
            },
        }
    }
}

impl Case {
    fn grpc_status(&self) -> &'static str {
        match self.status {
            400 => "3",
            401 => "16",
            403 => "7",
            500 => "13",
            503 => "14",
            other => panic!("{other}"),
        }
    }
}

impl Clone for Expected {
    fn clone(&self) -> Self {
        Self {
            challenge: self.challenge.clone(),
            location: self.location.clone(),
            hx_redirect: self.hx_redirect.clone(),
            body: Body::Empty,
            ..*self
        }
    }
}

fn seen(response: &TestResponse) -> Expected {
    let content_type = match response.header(header::CONTENT_TYPE) {
        "application/json" => "application/json",
        "application/grpc" => "application/grpc",
        "text/html; charset=utf-8" => "text/html; charset=utf-8",
        "" => "",
        other => panic!("{other}"),
    };
    let known = ["", "3", "5", "7", "13", "14", "16"];
    let number = |name: &str| *known.iter().find(|n| **n == response.header(name)).unwrap();
    Expected {
        status: response.status.as_u16(),
        content_type,
        challenge: response.challenge().to_owned(),
        retry_after: number("retry-after"),
        location: response.header(header::LOCATION).to_owned(),
        hx_redirect: response.header("hx-redirect").to_owned(),
        grpc_status: number("grpc-status"),
        body: match content_type {
            "application/json" => Body::Json(response.json()),
            "text/html; charset=utf-8" => Body::Html(links(&response.body)),
            _ => {
                assert_eq!(response.body, "");
                Body::Empty
            }
        },
    }
}

fn links(html: &str) -> Vec<String> {
    let links = html.split("href=\"").skip(1);
    let links = links.map(|link| link.split('"').next().unwrap().replace("&amp;", "&"));
    links.collect()
}

/// FD-50, FD-55, FD-75, ER-6, ER-8, D9
#[tokio::test]
async fn every_caller_is_sent_what_it_understands() {
    let server = FiefTestServer::start().await;
    let rows: Vec<_> = rows()
        .into_iter()
        .map(|row| (row.auth(&server), row))
        .collect();
    for case in cases() {
        for (auth, row) in &rows {
            let cold = (case.kind == Kind::Unavailable).then(|| row.auth(&server));
            let auth = cold.as_ref().unwrap_or(auth);
            let response = respond(&server, auth, &case.kind, row.request()).await;

            let (kind, is_form) = (&case.kind, row.is_form());
            assert_eq!(seen(&response), row.expected(&case), "{kind:?} {row:?}");
            let message = response.header("grpc-message");
            let is_grpc = row.caller == Caller::Grpc;
            assert_eq!(message, if is_grpc { case.description } else { "" });
            let says_so = response.body.contains("What you entered was not saved.");
            assert_eq!(says_so, is_form, "{kind:?} {row:?}");
        }
    }
}

const FORM: &str = "application/x-www-form-urlencoded";
