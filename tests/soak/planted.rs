//! Faults of an application, which the checker must find.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Planted {
    /// A bearer token that was accepted once is accepted for ever.
    AcceptsExpired,
    /// The new session of a refresh does not reach the browser.
    DropsRotated,
    /// A logout removes the cookies, and nothing else.
    ServesAfterLogout,
    /// Logging out everywhere changes nothing.
    SkipsEpoch,
    /// Now and then a request is handled with the credentials of the one before.
    SwapsUsers,
}

#[derive(Default)]
struct Memory {
    accepted: Mutex<HashMap<(String, HeaderValue), String>>,
    authorization: Mutex<Option<HeaderValue>>,
    requests: AtomicU64,
}

pub fn plant(planted: Option<Planted>, app: Router) -> Router {
    let Some(planted) = planted else {
        return app;
    };
    let memory = Arc::new(Memory::default());
    app.layer(middleware::from_fn(move |request: Request, next: Next| {
        let memory = Arc::clone(&memory);
        async move {
            match planted {
                Planted::AcceptsExpired => accept_expired(&memory, request, next).await,
                Planted::DropsRotated => drop_rotated(request, next).await,
                Planted::ServesAfterLogout => serve_after_logout(request, next).await,
                Planted::SkipsEpoch => skip_epoch(request, next).await,
                Planted::SwapsUsers => swap_users(&memory, request, next).await,
            }
        }
    }))
}

async fn accept_expired(memory: &Memory, request: Request, next: Next) -> Response {
    let Some(authorization) = request.headers().get(header::AUTHORIZATION) else {
        return next.run(request).await;
    };
    let key = (request.uri().path().to_owned(), authorization.clone());
    let response = next.run(request).await;
    if response.status() == StatusCode::OK {
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        let text = String::from_utf8(body.to_vec()).unwrap();
        memory.accepted.lock().unwrap().insert(key, text);
        return Response::from_parts(parts, Body::from(body));
    }
    match memory.accepted.lock().unwrap().get(&key) {
        Some(body) => body.clone().into_response(),
        None => response,
    }
}

async fn drop_rotated(request: Request, next: Next) -> Response {
    let is_page = matches!(request.uri().path(), "/me" | "/user" | "/open");
    let mut response = next.run(request).await;
    if is_page {
        response.headers_mut().remove(header::SET_COOKIE);
    }
    response
}

async fn serve_after_logout(request: Request, next: Next) -> Response {
    if request.uri().path() != "/logout" {
        return next.run(request).await;
    }
    let mut response = StatusCode::SEE_OTHER.into_response();
    for cookie in request.headers().get_all(header::COOKIE) {
        for pair in cookie.to_str().unwrap().split("; ") {
            let (name, _) = pair.split_once('=').unwrap();
            let removal = format!("{name}=; Max-Age=0; Path=/");
            let removal = HeaderValue::from_str(&removal).unwrap();
            response.headers_mut().append(header::SET_COOKIE, removal);
        }
    }
    response
}

async fn skip_epoch(request: Request, next: Next) -> Response {
    if request.uri().path() == "/everywhere" {
        return StatusCode::NO_CONTENT.into_response();
    }
    next.run(request).await
}

async fn swap_users(memory: &Memory, mut request: Request, next: Next) -> Response {
    if let Some(authorization) = request.headers().get(header::AUTHORIZATION) {
        let mut last = memory.authorization.lock().unwrap();
        let before = last.replace(authorization.clone());
        let number = memory.requests.fetch_add(1, Ordering::Relaxed);
        if let Some(before) = before.filter(|_| number.is_multiple_of(16)) {
            request.headers_mut().insert(header::AUTHORIZATION, before);
        }
    }
    next.run(request).await
}
