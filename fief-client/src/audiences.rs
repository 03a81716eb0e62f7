/// Which `aud` an access token may have.
#[derive(Clone, Debug)]
pub(crate) enum Audiences {
    Any,
    Only(Vec<String>),
}

impl Audiences {
    pub(crate) fn accepts(&self, audiences: &[String]) -> bool {
        match self {
            Self::Any => !audiences.is_empty(),
            Self::Only(accepted) => audiences.iter().any(|audience| accepted.contains(audience)),
        }
    }
}
