//! Which member of a JSON object is why it cannot be deserialized.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::{Map, Value};

use crate::{Reason, jose::json};

/// Object whose rejection names the member that it is about.
pub(crate) trait Object<'de>: Deserialize<'de> {
    /// What it is, if nothing can be said about a member.
    const NAME: &'static str;
    /// All members that can be wrong, in the order in which they are named.
    const MEMBERS: &'static [Member];
}

/// Member of an object.
pub(crate) struct Member {
    pub(crate) name: &'static str,
    is_required: bool,
    has_type: fn(&Value) -> bool,
    has_value: fn(&Value) -> bool,
}

impl Member {
    /// Returns a member of this JSON type.
    pub(crate) const fn required(name: &'static str, has_type: fn(&Value) -> bool) -> Self {
        Self {
            name,
            is_required: true,
            has_type,
            has_value: |_| true,
        }
    }

    /// Returns a member that may be absent, but not `null`.
    pub(crate) const fn optional(name: &'static str, has_type: fn(&Value) -> bool) -> Self {
        Self {
            is_required: false,
            ..Self::required(name, has_type)
        }
    }

    /// Adds which values of the type it may have. Default: all.
    pub(crate) const fn with_value(self, has_value: fn(&Value) -> bool) -> Self {
        Self { has_value, ..self }
    }

    /// Returns what is wrong with the member of an object.
    fn fault(&self, object: &Map<String, Value>) -> Option<Reason> {
        let name = self.name;
        match object.get(name) {
            None => self.is_required.then_some(Reason::Missing { name }),
            Some(value) if !(self.has_type)(value) => Some(Reason::WrongType { name }),
            Some(value) => (!(self.has_value)(value)).then_some(Reason::WrongValue { name }),
        }
    }
}

/// Parses an object. The error names the member that is missing or wrong.
pub(crate) fn parse<'de, T: Object<'de>>(text: &'de str) -> Result<T, Reason> {
    json::object(text).ok_or_else(|| fault_of_text::<T>(text))
}

/// Parses an object that cannot be used once more, since most can.
#[cold]
fn fault_of_text<'de, T: Object<'de>>(text: &str) -> Reason {
    let object: Option<Map<String, Value>> = json::object(text);
    object
        .and_then(|object| fault(&object, T::MEMBERS))
        .unwrap_or(Reason::Malformed { name: T::NAME })
}

fn fault(object: &Map<String, Value>, members: &[Member]) -> Option<Reason> {
    members.iter().find_map(|member| member.fault(object))
}

/// Object of a response, or what is wrong with it.
pub(crate) struct Checked<T>(pub(crate) Result<T, Reason>);

impl<'de, T: for<'a> Object<'a>> Deserialize<'de> for Checked<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let members = deserializer.deserialize_map(MembersVisitor)?;
        let malformed = Reason::Malformed { name: T::NAME };
        let checked = members.ok_or(malformed).and_then(|object| {
            fault(&object, T::MEMBERS).map_or(Ok(()), Err)?;
            T::deserialize(Value::Object(object)).map_err(|_| malformed)
        });
        Ok(Self(checked))
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    /// `None` if a member is there twice.
    type Value = Option<Map<String, Value>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut members, mut is_unique) = (Map::new(), true);
        while let Some((name, value)) = map.next_entry()? {
            is_unique &= members.insert(name, value).is_none();
        }
        Ok(is_unique.then_some(members))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use serde::{
        Deserializer,
        de::{Visitor, value::Error},
        forward_to_deserialize_any,
    };

    use super::Object;

    /// Asserts that the members of a type are all that it deserializes, but these, which can have any value.
    pub(crate) fn assert_complete<T: Object<'static>>(others: &[&str]) {
        let mut names = Vec::new();
        let _ = T::deserialize(Fields(&mut names));
        names.sort_unstable();
        let members = T::MEMBERS.iter().map(|member| member.name);
        let mut known: Vec<_> = members.chain(others.iter().copied()).collect();
        known.sort_unstable();
        assert_eq!(names, known);
    }

    /// Collects the names of the fields of a struct.
    struct Fields<'a>(&'a mut Vec<&'static str>);

    impl<'de> Deserializer<'de> for Fields<'_> {
        type Error = Error;

        fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            visitor.visit_unit()
        }

        fn deserialize_struct<V: Visitor<'de>>(
            self,
            _: &'static str,
            fields: &'static [&'static str],
            visitor: V,
        ) -> Result<V::Value, Error> {
            self.0.extend(fields);
            visitor.visit_unit()
        }

        forward_to_deserialize_any! {
            bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
            unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
        }
    }
}
