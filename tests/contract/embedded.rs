use std::time::Duration;

use fief_test_server::{Client, FiefTestServer, FieldType, User, UserField};
use fief_tests::{Seed, SeedClient, SeedField, SeedUser};

/// The secret of every client and webhook.
pub(crate) const SECRET: &str = "secret";

/// Starts a server with the seed.
pub(crate) async fn start() -> FiefTestServer {
    let seed = Seed::load();
    let mut builder = FiefTestServer::builder().tenant(&seed.tenant);
    for declared in seed.fields {
        builder = builder.user_field(field(declared));
    }
    for client in &seed.clients {
        builder = builder.client(oauth_client(client, &seed.redirect_uri));
    }
    for known in seed.users {
        builder = builder.user(user(known));
    }
    builder.start().await.unwrap()
}

fn oauth_client(client: &SeedClient, redirect_uri: &str) -> Client {
    let mut made = if client.public {
        Client::public(&client.name)
    } else {
        Client::new(&client.name).secret(SECRET)
    };
    made = made.redirect_uri(redirect_uri);
    if client.third_party {
        made = made.third_party();
    }
    if client.encrypted {
        made = made.encrypted_id_tokens();
    }
    if let Some(tenant) = &client.tenant {
        made = made.tenant(tenant);
    }
    if let Some(lifetimes) = &client.lifetimes {
        made = made
            .code_lifetime(Duration::from_secs(lifetimes.code))
            .token_lifetime(Duration::from_secs(lifetimes.token))
            .refresh_token_lifetime(Duration::from_secs(lifetimes.refresh));
    }
    made
}

fn user(user: SeedUser) -> User {
    let mut made = User::new(user.email, user.password);
    for permission in user.permissions {
        made = made.permission(permission);
    }
    for (slug, value) in user.fields {
        made = made.field(slug, value);
    }
    match user.tenant {
        Some(tenant) => made.tenant(tenant),
        None => made,
    }
}

fn field(field: SeedField) -> UserField {
    let kind = match &*field.r#type {
        "BOOLEAN" => FieldType::Boolean,
        "DATE" => FieldType::Date,
        "STRING" => FieldType::String,
        other => panic!("a field of type {other} in the seed"),
    };
    let made = UserField::new(field.slug, kind);
    match field.default {
        Some(value) => made.default_value(value),
        None => made,
    }
}
