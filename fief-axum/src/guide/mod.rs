//! The guide: how to build an application, from the first route to several machines. All of its Rust code is compiled by the
//! tests.
//!
//! | Page | Contents |
//! | --- | --- |
//! | [`api`] | bearer tokens, guards, permissions, scopes, optional users, JSON errors, OpenAPI, CORS, gRPC, MCP, WebSockets |
//! | [`web_application`] | login and logout, users of your own, lifetimes, log out everywhere, pages of your own |
//! | [`forms`] | POST, CSRF, forms whose session has ended, step-up |
//! | [`htmx`] | htmx, `fetch`, the current user as JSON, server-sent events, WebSockets |
//! | [`single_page`] | a front end at the same origin or at another one, with the session or with bearer tokens, CORS |
//! | [`proxy`] | TLS, paths, nginx, sizes of headers, Docker |
//! | [`machines`] | cookies or a session store, Redis, replacing the session key, deployments, webhooks |
//! | [`logs`] | logs, the user's id on spans, OpenTelemetry, metrics, health |
//! | [`testing`] | tests of APIs and web applications without a network |
//! | [`migration`] | coming from fief-python and fief-js: a table of every name |
//! | [`limits`] | sizes, times, what is remembered where, what remains |

#[doc = include_str!("api.md")]
#[doc(alias = "cors")]
#[doc(alias = "debug_handler")]
#[doc(alias = "grpc")]
#[doc(alias = "mcp")]
#[doc(alias = "websocket")]
pub mod api {}

#[doc = include_str!("web_application.md")]
#[doc(alias = "logout")]
#[doc(alias = "sign_up")]
pub mod web_application {}

#[doc = include_str!("forms.md")]
#[doc(alias = "csrf")]
#[doc(alias = "post")]
#[doc(alias = "step_up")]
pub mod forms {}

#[doc = include_str!("htmx.md")]
#[doc(alias = "fetch")]
#[doc(alias = "websocket")]
pub mod htmx {}

#[doc = include_str!("single_page.md")]
#[doc(alias = "cors")]
#[doc(alias = "spa")]
pub mod single_page {}

#[doc = include_str!("proxy.md")]
#[doc(alias = "docker")]
#[doc(alias = "nginx")]
pub mod proxy {}

#[doc = include_str!("machines.md")]
#[doc(alias = "redis")]
#[doc(alias = "webhook")]
pub mod machines {}

#[doc = include_str!("logs.md")]
#[doc(alias = "metrics")]
#[doc(alias = "opentelemetry")]
#[doc(alias = "tracing")]
pub mod logs {}

#[doc = include_str!("testing.md")]
#[doc(alias = "test")]
pub mod testing {}

#[doc = include_str!("migration.md")]
#[doc(alias = "fastapi")]
#[doc(alias = "express")]
pub mod migration {}

#[doc = include_str!("limits.md")]
#[doc(alias = "security")]
pub mod limits {}
