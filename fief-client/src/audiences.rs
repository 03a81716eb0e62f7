use crate::claims::Audience;

/// Which `aud` an access token may have.
#[derive(Clone, Debug)]
pub(crate) enum Audiences {
    Any,
    Only(Vec<String>),
}

impl Audiences {
    pub(crate) fn accepts(&self, token: &Audience<'_>) -> bool {
        token.iter().any(|audience| match self {
            Self::Any => !audience.is_empty(),
            Self::Only(accepted) => accepted.iter().any(|accepted| accepted == audience),
        })
    }
}
