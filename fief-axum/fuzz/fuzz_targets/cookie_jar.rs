//! Any `Cookie` headers: a session is accepted only if each of its cookies was sent once, and what a response sets or
//! removes is bounded.
#![no_main]

use axum::http::{HeaderValue, header};
use fief_axum_fuzz::{ANONYMOUS, WORLD, World};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let world = &*WORLD;
    let headers = headers(world, data);
    let reply = world.send("/", &headers);
    assert_eq!(reply.status, 200);
    let expected = match sent(world, &headers) {
        Some(user) => &*world.users[user],
        None => ANONYMOUS,
    };
    assert_eq!(reply.body, expected);

    // Not the logout, which would end the sessions of all inputs.
    for path in ["/login", "/auth-callback?code=code&state=state"] {
        let reply = world.send(path, &headers);
        assert!(reply.status.as_u16() < 500, "{path}: {}", reply.status);
        let set = reply.headers.get_all(header::SET_COOKIE).iter();
        let (count, bytes) = set.fold((0, 0), |(count, bytes), it| (count + 1, bytes + it.len()));
        assert!(
            count <= 24 && bytes <= 8192,
            "{path}: {count} of {bytes} bytes"
        );
    }
});

/// Returns headers of up to 16 KB, whose pieces are cookies of the application, parts of them, and any bytes.
fn headers(world: &World, data: &[u8]) -> Vec<HeaderValue> {
    let known: Vec<_> = [&world.small, &world.large, &world.begun]
        .into_iter()
        .flatten()
        .collect();
    let mut headers = vec![Vec::new()];
    let (mut rest, mut total) = (data, 0);
    while let [what, which, after @ ..] = rest {
        rest = after;
        let (name, value) = known[usize::from(*which) % known.len()];
        let piece = match what % 8 {
            0 => format!("{name}={value}; ").into_bytes(),
            1 => format!("{name}=").into_bytes(),
            2 => value.clone().into_bytes(),
            3 => b"; ".to_vec(),
            4 => format!("{name}.{which}={value};").into_bytes(),
            5 => {
                headers.push(Vec::new());
                continue;
            }
            6 => {
                let (half, _) = value.split_at(usize::from(*which) % value.len());
                format!("{name}={half}; ").into_bytes()
            }
            _ => {
                let length = usize::from(*which).min(rest.len());
                let (raw, after) = rest.split_at(length);
                rest = after;
                raw.to_vec()
            }
        };
        total += piece.len();
        if total > 16 * 1024 {
            break;
        }
        headers.last_mut().unwrap().extend(piece);
    }
    let headers = headers.into_iter();
    headers
        .filter_map(|it| HeaderValue::try_from(it).ok())
        .collect()
}

/// Returns which session was sent, whole and without another cookie of its names.
fn sent(world: &World, headers: &[HeaderValue]) -> Option<usize> {
    let pairs = || {
        let all = headers
            .iter()
            .flat_map(|it| it.as_bytes().split(|byte| *byte == b';'));
        all.filter_map(|pair| {
            let pair = pair.trim_ascii();
            let equals = pair.iter().position(|byte| *byte == b'=')?;
            Some((&pair[..equals], &pair[equals + 1..]))
        })
    };
    [&world.small, &world.large]
        .into_iter()
        .position(|session| {
            session.iter().all(|(name, value)| {
                let mut same = pairs().filter(|(sent, _)| *sent == name.as_bytes());
                same.next()
                    .is_some_and(|(_, sent)| sent == value.as_bytes())
                    && same.next().is_none()
            })
        })
}
