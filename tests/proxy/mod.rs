//! `examples/web` behind nginx, mostly in Chromium.

mod limits;
mod place;
mod sizes;
mod visit;

const ANNE: (&str, &str) = ("anne@example.com", "herminetincture");
