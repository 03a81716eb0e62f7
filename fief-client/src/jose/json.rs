use serde::Deserialize;

/// Parses a header or claims: one JSON object, nested at most 64 deep, without duplicates of the members that
/// are read ([RFC 7519, section 4](https://www.rfc-editor.org/rfc/rfc7519#section-4)).
pub(crate) fn object<'de, T: Deserialize<'de>>(text: &'de str) -> Option<T> {
    // serde also deserializes structs from arrays.
    let is_object = text.trim_start_matches(WHITESPACE).starts_with('{');
    if !is_object || !is_shallow(text) {
        return None;
    }
    serde_json::from_str(text).ok()
}

/// Bounds the depth. `serde_json` does that only for what it reads, not for what it skips.
fn is_shallow(text: &str) -> bool {
    brackets(text) <= MAX_DEPTH || depth(text) <= MAX_DEPTH
}

/// Counts `[` and `{`, which differ in one bit, many bytes at once.
fn brackets(text: &str) -> usize {
    let count =
        |chunk: &[u8]| -> u8 { chunk.iter().map(|byte| u8::from(byte | 0x20 == b'{')).sum() };
    text.as_bytes()
        .chunks(255)
        .map(|chunk| usize::from(count(chunk)))
        .sum()
}

fn depth(text: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut quoted, mut escaped) = (false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

const WHITESPACE: [char; 4] = [' ', '\t', '\n', '\r'];
const MAX_DEPTH: usize = 64;

#[cfg(test)]
mod tests {
    use serde::de::IgnoredAny;

    use super::object;

    /// TV-5
    #[test]
    fn depth_is_bounded_outside_of_strings() {
        let nested = |depth| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(object::<IgnoredAny>(&nested(63)).is_some());
        assert!(object::<IgnoredAny>(&nested(64)).is_none());
        let text = format!(r#"{{"a":"\"{}"}}"#, "[".repeat(100));
        assert!(object::<IgnoredAny>(&text).is_some());
        let wide = format!(r#"{{"a":[{}0]}}"#, "[],".repeat(100));
        assert!(object::<IgnoredAny>(&wide).is_some());
    }
}
