use std::{collections::BTreeMap, iter};

use utoipa::{
    IntoResponses,
    openapi::{RefOr, Response, extensions::Extensions, path::Operation},
};

use super::rejections::rejections;
use crate::{Authorized, Policy, require::rule::Rule};

/// The responses of rejections, for the `responses` of a handler. See [`FiefAuth::describe`](crate::FiefAuth::describe).
impl<P: Policy> IntoResponses for Authorized<P> {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let requirements = P::requirements();
        let scopes = requirements.parts().scopes.to_vec();
        let rule = Rule {
            requirements,
            predicates: Vec::new(),
            is_optional: false,
        };
        let mut rejections = rejections(&rule);
        // A policy may have a check of its own, which cannot be seen.
        if !rejections.iter().any(|(status, _)| *status == "403") {
            rejections.push(("403", "Not allowed.".to_owned()));
        }
        let responses = rejections.into_iter().map(|(status, description)| {
            let mut response = Response::new(description);
            response.extensions = Some(iter::once((SCOPES, scopes.clone())).collect());
            (status.to_owned(), RefOr::T(response))
        });
        responses.collect()
    }
}

/// Returns whether the responses of an operation are those of an [`Authorized`].
pub(super) fn is_in(operation: &Operation) -> bool {
    operation
        .responses
        .responses
        .values()
        .any(|response| matches!(response, RefOr::T(response) if is_of(response)))
}

/// Returns whether a response is one of an [`Authorized`].
pub(super) fn is_of(response: &Response) -> bool {
    scopes(response).is_some()
}

/// Takes the scopes that an [`Authorized`] of the handler requires.
pub(super) fn take_scopes(operation: &mut Operation) -> Option<Vec<String>> {
    let mut taken = None;
    for response in operation.responses.responses.values_mut() {
        if let RefOr::T(response) = response
            && let Some(scopes) = scopes(response)
        {
            response.extensions = without_scopes(response.extensions.take());
            taken = Some(scopes);
        }
    }
    taken
}

fn scopes(response: &Response) -> Option<Vec<String>> {
    let scopes = response.extensions.as_ref()?.get(SCOPES)?.as_array()?;
    let scopes = scopes.iter().filter_map(|scope| scope.as_str());
    Some(scopes.map(str::to_owned).collect())
}

fn without_scopes(extensions: Option<Extensions>) -> Option<Extensions> {
    let mut extensions = extensions?;
    extensions.remove(SCOPES);
    (!extensions.is_empty()).then_some(extensions)
}

/// Extension of the responses with the scopes that the handler requires, until it is described.
const SCOPES: &str = "x-fief-scopes";
