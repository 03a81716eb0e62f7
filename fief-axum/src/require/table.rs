//! Decides by the method and the path of a request what a guard requires.

use std::sync::Arc;

use axum::{
    extract::{MatchedPath, OriginalUri},
    http::{Extensions, HeaderMap, Method},
};
use fief_client::Requirements;

use super::rule::Rule;
use crate::{
    Rejection, RejectionKind,
    log::limited,
    request::{auth::RequestAuth, head::RequestHead},
    shared::Shared,
};

/// The rules of a guard.
#[derive(Debug)]
pub(crate) enum Rules {
    Single(Arc<Rule>),
    ByPath(Arc<PathRules>),
}

/// What to do with a request, decided before its credentials are read.
pub(crate) enum Decision<'a> {
    Check(&'a Rule),
    Allow,
    Deny(RejectionKind),
}

impl Rules {
    #[inline]
    pub(crate) fn decide(&self, method: &Method, extensions: &Extensions) -> Decision<'_> {
        match self {
            Self::Single(rule) => Decision::Check(rule),
            Self::ByPath(rules) => rules.decide(method, extensions),
        }
    }
}

/// Rules of an application by method and path. The first entry that matches applies.
#[derive(Clone, Debug, Default)]
pub(crate) struct PathRules {
    pub(crate) entries: Vec<Entry>,
    pub(crate) fallback: Option<Access>,
}

/// Entry of [`PathRules`].
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// `None` for every method.
    pub(crate) method: Option<Method>,
    /// The path as in the router, where `{*rest}` at the end stands for all paths below.
    pub(crate) pattern: String,
    pub(crate) access: Access,
}

/// Condition on which a request is accepted.
#[derive(Clone, Debug)]
pub(crate) enum Access {
    Public,
    Rule(Arc<Rule>),
}

impl PathRules {
    pub(crate) fn decide(&self, method: &Method, extensions: &Extensions) -> Decision<'_> {
        let path = extensions.get::<MatchedPath>().map(MatchedPath::as_str);
        // A router inserts `OriginalUri`: if it is absent, this layer is outside of a router.
        if path.is_none() && extensions.get::<OriginalUri>().is_none() {
            limited!(
                error,
                process,
                "FiefAuth::paths() must be applied with Router::layer: outside of the router no path is matched yet"
            );
            return Decision::Deny(RejectionKind::Misconfigured);
        }
        let original = extensions.get::<OriginalUri>().map(|uri| uri.path());
        if let Some((path, original)) = path.zip(original)
            && path != original
            && !is_route_of(path, original)
        {
            limited!(
                error,
                process,
                path,
                "FiefAuth::paths() is applied to a router that is a service of another router's route: nest it with \
                 Router::nest instead, or apply the layer to the outer router"
            );
            return Decision::Deny(RejectionKind::Misconfigured);
        }
        let decision = self.decide_for(method, path);
        if matches!(decision, Decision::Deny(_)) {
            if let Some(path) = path {
                tracing::debug!(
                    %method,
                    path,
                    "rejected: FiefAuth::paths() has no entry for the method and path"
                );
            } else {
                tracing::debug!(
                    %method,
                    "rejected: no route matched, and FiefAuth::paths() has no fallback"
                );
            }
        }
        decision
    }

    /// Decides for a method and a matched path. `None` is a request that matched no route: the fallback decides.
    pub(crate) fn decide_for(&self, method: &Method, path: Option<&str>) -> Decision<'_> {
        let access = match path {
            Some(path) => self.find(method, path),
            None => self.fallback.as_ref(),
        };
        match access {
            Some(Access::Public) => Decision::Allow,
            Some(Access::Rule(rule)) => Decision::Check(rule),
            None => Decision::Deny(RejectionKind::Forbidden),
        }
    }

    fn find(&self, method: &Method, path: &str) -> Option<&Access> {
        let mut entries = self.entries.iter();
        let entry =
            entries.find(|entry| entry.matches_method(method) && entry.matches_pattern(path));
        entry.map(|entry| &entry.access)
    }
}

/// Returns whether a request's path is one of a route.
///
/// It is not if the route is in a router that is a service of another router's route. axum appends its path to that of the
/// outer route then, so entries for the outer one would apply to it.
fn is_route_of(route: &str, path: &str) -> bool {
    let segments = |path| str::split(path, '/').filter(|segment| !segment.is_empty());
    let mut path = segments(path);
    let mut route = segments(route);
    loop {
        match (route.next(), path.next()) {
            (None, None) => return true,
            (Some(rest), Some(_)) if rest.starts_with("{*") => return route.next().is_none(),
            (Some(wanted), Some(found)) if wanted == found || wanted.contains('{') => {}
            _ => return false,
        }
    }
}

impl Entry {
    fn matches_method(&self, requested: &Method) -> bool {
        self.method.as_ref().is_none_or(|method| {
            method == requested || method == Method::GET && requested == Method::HEAD
        })
    }

    fn matches_pattern(&self, path: &str) -> bool {
        if self.pattern == path {
            return true;
        }
        // The prefix ends with the slash: `/admin/{*rest}` covers neither `/administration` nor `/admin/`.
        let Some((prefix, _)) = self.pattern.split_once("{*") else {
            return false;
        };
        prefix.ends_with('/') && path.len() > prefix.len() && path.starts_with(prefix)
    }
}

impl Decision<'_> {
    /// Checks a request without awaiting, if possible. Otherwise returns `None`, as
    /// [`try_authenticate`](RequestAuth::try_authenticate) does.
    #[inline]
    pub(crate) fn try_check(
        &self,
        auth: &Arc<Shared>,
        state: &mut RequestAuth,
        method: &Method,
        headers: &HeaderMap,
    ) -> Option<Result<(), RejectionKind>> {
        match self {
            Self::Check(rule) => state
                .try_authenticate(method, headers)
                .map(|outcome| rule.check(auth, outcome)),
            Self::Allow => Some(Ok(())),
            Self::Deny(kind) => {
                // Like every rejection by a guard, the response is not for shared caches.
                state.mark_varies();
                Some(Err(kind.clone()))
            }
        }
    }

    pub(crate) fn reject(
        &self,
        auth: &Arc<Shared>,
        head: RequestHead<'_>,
        kind: RejectionKind,
    ) -> Rejection {
        let token = head.extensions.get::<RequestAuth>();
        let token = token.and_then(RequestAuth::token);
        match self {
            Self::Check(rule) => auth.reject_by_guard(head, kind, &rule.requirements, token),
            Self::Allow | Self::Deny(_) => {
                auth.reject_by_guard(head, kind, &Requirements::new(), None)
            }
        }
    }
}
