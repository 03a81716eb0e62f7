use axum::{
    extract::FromRequestParts,
    http::request::Parts,
    response::{IntoResponse, Response},
};
use fief_axum::{CurrentSession, fief_client::FiefUserInfo};
use serde::{Deserialize, Serialize};
use sqlx::{
    FromRow, SqlitePool,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};
use uuid::Uuid;

use crate::pages;

/// The table of members, and whom it is for.
#[derive(Clone)]
pub struct Members {
    pool: SqlitePool,
    domain: String,
}

#[derive(Clone, FromRow)]
pub struct Member {
    pub number: i64,
    pub email: String,
    /// Empty until the member has chosen one.
    pub name: String,
    pub is_banned: bool,
}

/// What the session of a member knows.
#[derive(Deserialize, Serialize)]
pub struct Membership {
    pub number: i64,
}

/// The database failed.
#[derive(Debug)]
pub struct DatabaseError(sqlx::Error);

impl Members {
    /// Opens the table of a file, or one in memory, for members with addresses of a domain.
    pub async fn open(file: Option<&str>, domain: &str) -> Result<Self, DatabaseError> {
        let options = match file {
            Some(file) => SqliteConnectOptions::new().filename(file),
            None => SqliteConnectOptions::new().in_memory(true),
        };
        // What is in memory is gone with its connection.
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(options.create_if_missing(true))
            .await?;
        sqlx::query(TABLE).execute(&pool).await?;
        let domain = domain.to_owned();
        Ok(Self { pool, domain })
    }

    /// Returns the user's address if it is the user's, and of the domain.
    pub fn address_of<'a>(&self, user: &'a FiefUserInfo) -> Option<&'a str> {
        let email = user.email.as_deref()?;
        let (_, domain) = email.rsplit_once('@')?;
        let is_ours =
            user.email_verified == Some(true) && domain.eq_ignore_ascii_case(&self.domain);
        is_ours.then_some(email)
    }

    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// Enters a user, or the new address of one who is a member already.
    pub async fn join(&self, user: Uuid, email: &str) -> Result<Member, DatabaseError> {
        let member = sqlx::query_as(
            "INSERT INTO members (fief_id, email) VALUES (?, ?)
             ON CONFLICT (fief_id) DO UPDATE SET email = excluded.email RETURNING *",
        );
        let member = member.bind(user.to_string()).bind(email);
        Ok(member.fetch_one(&self.pool).await?)
    }

    pub async fn get(&self, number: i64) -> Result<Option<Member>, DatabaseError> {
        let member = sqlx::query_as("SELECT * FROM members WHERE number = ?");
        Ok(member.bind(number).fetch_optional(&self.pool).await?)
    }

    pub async fn all(&self) -> Result<Vec<Member>, DatabaseError> {
        let members = sqlx::query_as("SELECT * FROM members WHERE name <> '' ORDER BY number");
        Ok(members.fetch_all(&self.pool).await?)
    }

    pub async fn rename(&self, number: i64, name: &str) -> Result<(), DatabaseError> {
        let query = sqlx::query("UPDATE members SET name = ? WHERE number = ?");
        query.bind(name).bind(number).execute(&self.pool).await?;
        Ok(())
    }

    pub async fn ban(&self, user: Uuid) -> Result<(), DatabaseError> {
        let query = sqlx::query("UPDATE members SET is_banned = TRUE WHERE fief_id = ?");
        query.bind(user.to_string()).execute(&self.pool).await?;
        Ok(())
    }

    pub async fn is_banned(&self, user: Uuid) -> Result<bool, DatabaseError> {
        let banned = sqlx::query_scalar("SELECT is_banned FROM members WHERE fief_id = ?");
        let banned = banned.bind(user.to_string());
        Ok(banned.fetch_optional(&self.pool).await?.unwrap_or(false))
    }
}

/// The member who sent the request, by the number in the session.
impl FromRequestParts<Members> for Member {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, members: &Members) -> Result<Self, Response> {
        let session = CurrentSession::from_request_parts(parts, members).await;
        let data = session.and_then(|session| session.data());
        let data: Option<Membership> = data.map_err(IntoResponse::into_response)?;
        let member = match data {
            Some(Membership { number }) => members.get(number).await?,
            None => None,
        };
        member.ok_or_else(pages::no_member)
    }
}

impl From<sqlx::Error> for DatabaseError {
    fn from(error: sqlx::Error) -> Self {
        Self(error)
    }
}

impl From<DatabaseError> for Response {
    fn from(error: DatabaseError) -> Self {
        error.into_response()
    }
}

impl IntoResponse for DatabaseError {
    fn into_response(self) -> Response {
        tracing::error!(error = %self.0, "the database failed");
        pages::unavailable()
    }
}

impl std::fmt::Display for DatabaseError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for DatabaseError {}

const TABLE: &str = "CREATE TABLE IF NOT EXISTS members (
    number INTEGER PRIMARY KEY,
    fief_id TEXT NOT NULL UNIQUE,
    email TEXT NOT NULL,
    name TEXT NOT NULL DEFAULT '',
    is_banned BOOLEAN NOT NULL DEFAULT FALSE
)";
