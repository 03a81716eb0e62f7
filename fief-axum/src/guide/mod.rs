//! The guide: how to build an application, from the first route to several machines. All code of it is compiled by the
//! tests.
//!
//! | Page | Contents |
//! | --- | --- |
//! | [`api`] | bearer tokens, guards, permissions, scopes, optional users, JSON errors, OpenAPI, CORS, gRPC, MCP, WebSockets |

#[doc = include_str!("api.md")]
#[doc(alias = "cors")]
#[doc(alias = "debug_handler")]
#[doc(alias = "grpc")]
#[doc(alias = "mcp")]
#[doc(alias = "websocket")]
pub mod api {}
