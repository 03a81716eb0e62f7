//! `examples/web` behind nginx, in Chromium.

mod place;
mod sizes;
mod visit;

const ANNE: (&str, &str) = ("anne@example.com", "herminetincture");
