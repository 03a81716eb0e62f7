//! What a guard says about a request before anyone looks at its credentials.

use std::sync::Arc;

use axum::{
    extract::{MatchedPath, OriginalUri},
    http::{Extensions, HeaderMap, Method},
};

use super::rule::Rule;
use crate::{
    Rejection, RejectionKind,
    request::{auth::RequestAuth, head::Head},
    shared::Shared,
};

/// Where a guard has its rule from.
#[derive(Debug)]
pub(crate) enum Rules {
    One(Arc<Rule>),
    Table(Arc<Table>),
}

/// What a guard says about a request before anyone looks at its credentials.
pub(crate) enum Verdict<'a> {
    Ask(&'a Rule),
    Open,
    Refuse(RejectionKind),
}

impl Rules {
    pub(crate) fn verdict(&self, method: &Method, extensions: &Extensions) -> Verdict<'_> {
        match self {
            Self::One(rule) => Verdict::Ask(rule),
            Self::Table(table) => table.verdict(method, extensions),
        }
    }
}

/// What each path requires.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    pub(crate) entries: Vec<Entry>,
    pub(crate) fallback: Option<Access>,
}

#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) method: Option<Method>,
    pub(crate) path: String,
    pub(crate) access: Access,
}

#[derive(Clone, Debug)]
pub(crate) enum Access {
    Open,
    Rule(Arc<Rule>),
}

impl Table {
    pub(crate) fn verdict(&self, method: &Method, extensions: &Extensions) -> Verdict<'_> {
        let path = extensions.get::<MatchedPath>().map(MatchedPath::as_str);
        if path.is_none() && extensions.get::<OriginalUri>().is_none() {
            tracing::error!(
                "FiefAuth::paths() is around a router, before any route is found: use Router::layer"
            );
            return Verdict::Refuse(RejectionKind::Misconfigured);
        }
        let verdict = self.verdict_at(method, path);
        if matches!(verdict, Verdict::Refuse(_)) {
            tracing::debug!(path, "not in the table of paths");
        }
        verdict
    }

    /// Without a path it is the fallback.
    pub(crate) fn verdict_at(&self, method: &Method, path: Option<&str>) -> Verdict<'_> {
        let access = match path {
            Some(path) => self.find(method, path),
            None => self.fallback.as_ref(),
        };
        match access {
            Some(Access::Open) => Verdict::Open,
            Some(Access::Rule(rule)) => Verdict::Ask(rule),
            None => Verdict::Refuse(RejectionKind::Forbidden),
        }
    }

    fn find(&self, method: &Method, path: &str) -> Option<&Access> {
        let mut entries = self.entries.iter();
        let found = entries.find(|entry| entry.has(method) && entry.covers(path));
        found.map(|entry| &entry.access)
    }
}

impl Entry {
    fn has(&self, asked: &Method) -> bool {
        self.method
            .as_ref()
            .is_none_or(|method| method == asked || method == Method::GET && asked == Method::HEAD)
    }

    fn covers(&self, path: &str) -> bool {
        if self.path == path {
            return true;
        }
        // Up to and with the slash, so that `/admin/{*rest}` covers neither `/administration` nor `/admin/` itself.
        let Some((prefix, _)) = self.path.split_once("{*") else {
            return false;
        };
        prefix.ends_with('/') && path.len() > prefix.len() && path.starts_with(prefix)
    }
}

impl Verdict<'_> {
    /// Returns whether a request may pass, and none where that has to be waited for.
    pub(crate) fn passes(
        &self,
        auth: &Arc<Shared>,
        lent: &mut RequestAuth,
        headers: &HeaderMap,
    ) -> Option<Result<(), RejectionKind>> {
        match self {
            Self::Ask(rule) => lent.known(headers).map(|found| rule.check(auth, found)),
            Self::Open => Some(Ok(())),
            Self::Refuse(kind) => {
                lent.touch();
                Some(Err(kind.clone()))
            }
        }
    }

    pub(crate) fn reject(
        &self,
        auth: &Arc<Shared>,
        head: Head<'_>,
        kind: RejectionKind,
    ) -> Rejection {
        match self {
            Self::Ask(rule) => auth.reject(head, kind, &rule.requirements),
            Self::Open | Self::Refuse(_) => auth.rejection(head, kind),
        }
    }
}
