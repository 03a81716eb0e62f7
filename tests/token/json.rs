use super::{HEADER, World, assert_invalid};

/// TV-5
#[tokio::test]
async fn claims_are_one_json_object() {
    let world = World::start().await;
    let good = world.claims().to_string();
    let utf16: Vec<u8> = good.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for bad in [
        format!("{good}{good}").into_bytes(),
        format!("{good} x").into_bytes(),
        format!("{good}\0").into_bytes(),
        format!("\u{feff}{good}").into_bytes(),
        format!("[{good}]").into_bytes(),
        good.as_bytes()[..good.len() - 1].to_vec(),
        utf16,
        b"null".to_vec(),
        b"\"text\"".to_vec(),
    ] {
        assert_invalid(world.payload(&bad).await, &String::from_utf8_lossy(&bad));
    }
    world.payload(format!(" \r\n\t{good} ")).await.unwrap();
}

/// TV-5: serde takes a struct from an array of its members.
#[tokio::test]
async fn an_array_of_the_members_is_no_object() {
    let world = World::start().await;
    let (issuer, client) = (world.server.issuer(), world.server.client_id());
    let sub = super::SUB;
    let claims = format!(
        r#"["{issuer}","{client}",10000000000,0,0,"{sub}","openid","0",[],0,false,false,false]"#
    );
    assert_invalid(world.payload(claims).await, "claims");
    for header in [
        r#"["RS256","signer","JWT",false]"#,
        r#"["RS256","signer"]"#,
        r#"["RS256"]"#,
    ] {
        let token = world.signer.sign(header, world.claims().to_string());
        assert_invalid(world.validate(&token).await, header);
    }
}

/// TV-5
#[tokio::test]
async fn text_is_utf_8_also_where_it_is_not_read() {
    let world = World::start().await;
    let claims = world.claims_with("other", "\"#\"");
    let bytes: Vec<u8> = claims
        .bytes()
        .map(|byte| if byte == b'#' { 0xff } else { byte })
        .collect();
    assert_invalid(world.payload(bytes).await, "claims");
    let token = world.signer.sign(
        b"{\"alg\":\"RS256\",\"kid\":\"signer\",\"x\":\"\xff\"}",
        claims,
    );
    assert_invalid(world.validate(&token).await, "header");
}

/// TV-5
#[tokio::test]
async fn a_member_is_there_once() {
    let world = World::start().await;
    let claims = world.claims();
    for (name, value) in claims.as_object().unwrap() {
        let text = claims.to_string();
        let twice = format!(r#"{{"{name}":{value},{}"#, &text[1..]);
        assert_invalid(world.payload(twice).await, name);
    }
    for name in ["nbf", "auth_time"] {
        let text = world.claims_with(name, "1");
        assert_invalid(
            world
                .payload(format!(r#"{{"{name}":1,{}"#, &text[1..]))
                .await,
            name,
        );
    }
    for header in [
        r#"{"alg":"RS256","alg":"RS256","kid":"signer"}"#,
        r#"{"alg":"none","alg":"RS256","kid":"signer"}"#,
        r#"{"alg":"RS256","kid":"x","kid":"signer"}"#,
    ] {
        let token = world.signer.sign(header, claims.to_string());
        assert_invalid(world.validate(&token).await, header);
    }
}

/// TV-5
#[tokio::test]
async fn nesting_is_bounded() {
    let world = World::start().await;
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    world.claim("other", &nested(63)).await.unwrap();
    assert_invalid(world.claim("other", &nested(64)).await, "claims");
    assert_invalid(world.claim("other", &nested(5000)).await, "deep claims");
    let header = format!(r#"{},"x":{}}}"#, &HEADER[..HEADER.len() - 1], nested(64));
    let token = world.signer.sign(header, world.claims().to_string());
    assert_invalid(world.validate(&token).await, "header");
}
