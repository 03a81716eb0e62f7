use std::{fs, path::Path, process::Command};

use fief_client::{
    Fief,
    cli::{FiefAuth, FiefAuthError},
};
use fief_test_server::{Endpoint, FiefTestServer};

use super::{ANNE, DAY, Tool, mode};

/// Asserts that what is at the path is not used, survives a logout, and is kept aside by a login.
async fn assert_is_foreign(tool: &Tool, is_aside: impl Fn(&Path) -> bool) {
    let error = tool.auth.access_token().await.unwrap_err();
    assert!(
        matches!(error, FiefAuthError::NotAuthenticated),
        "{error:?}"
    );
    let error = tool.auth.current_user().await.unwrap_err();
    assert!(
        matches!(error, FiefAuthError::NotAuthenticated),
        "{error:?}"
    );
    tool.auth.logout().await.unwrap();
    assert!(is_aside(&tool.folder.credentials()));

    tool.log_in().await.unwrap();

    assert!(is_aside(&tool.folder.path("credentials.json.bak")));
    assert_eq!(mode(&tool.folder.credentials()), 0o600);
    let user = tool.again().current_user().await.unwrap();
    assert_eq!(user.email.as_deref(), Some(ANNE));
}

#[tokio::test]
async fn foreign_content_is_not_logged_in_and_is_kept_aside() {
    let python = r#"{"userinfo": {"sub": "ca19f041-618e-417a-a68a-3840a568fb8f"}, "tokens": {}}"#;
    let contents: [&[u8]; 7] = [
        b"",
        b"{}",
        b"null",
        b"[credentials]\nkey = 1\n",
        b"{\"version\": 1, \"tokens\": ",
        b"\xff\xfe\0",
        python.as_bytes(),
    ];
    for content in contents {
        let tool = Tool::logged_in().await;
        fs::write(tool.folder.credentials(), content).unwrap();
        assert_is_foreign(&tool, |path| fs::read(path).unwrap() == content).await;
    }
}

/// RB-2
#[tokio::test]
async fn a_huge_file_is_not_read() {
    let tool = Tool::logged_in().await;
    let mut saved = fs::read(tool.folder.credentials()).unwrap();
    saved.resize(2 * 1024 * 1024, b' ');
    fs::write(tool.folder.credentials(), &saved).unwrap();

    assert_is_foreign(&tool, |path| fs::read(path).unwrap() == saved).await;
}

/// Credentials of another version are not overwritten either.
#[tokio::test]
async fn a_newer_version_is_kept_aside() {
    let tool = Tool::logged_in().await;
    let mut saved = tool.saved();
    saved["version"] = 2.into();
    let saved = saved.to_string();
    fs::write(tool.folder.credentials(), &saved).unwrap();

    assert_is_foreign(&tool, |path| fs::read_to_string(path).unwrap() == saved).await;
}

/// Others could have read the tokens, or put their own there.
#[cfg(unix)]
#[tokio::test]
async fn a_file_that_other_users_can_access_is_not_used() {
    for bits in [0o644, 0o640, 0o620, 0o602, 0o601] {
        let tool = Tool::logged_in().await;
        let saved = fs::read(tool.folder.credentials()).unwrap();
        set_mode(&tool.folder.credentials(), bits);

        assert_is_foreign(&tool, |path| fs::read(path).unwrap() == saved).await;

        assert_eq!(mode(&tool.folder.path("credentials.json.bak")), 0o600);
    }
}

/// Neither read nor written through: it may lead to a file of another user, or of another program.
#[cfg(unix)]
#[tokio::test]
async fn a_link_is_not_followed() {
    let tool = Tool::logged_in().await;
    let target = tool.folder.path("target");
    fs::rename(tool.folder.credentials(), &target).unwrap();
    let before = fs::read(&target).unwrap();
    std::os::unix::fs::symlink(&target, tool.folder.credentials()).unwrap();

    assert_is_foreign(&tool, |path| fs::read_link(path).unwrap() == target).await;

    assert_eq!(fs::read(&target).unwrap(), before);
}

/// It would never end.
#[cfg(unix)]
#[tokio::test]
async fn a_pipe_is_not_read() {
    let tool = Tool::logged_in().await;
    fs::remove_file(tool.folder.credentials()).unwrap();
    let path = tool.folder.credentials();
    assert!(
        Command::new("mkfifo")
            .arg(&path)
            .status()
            .unwrap()
            .success()
    );

    let is_pipe = |path: &Path| !fs::symlink_metadata(path).unwrap().is_file();
    assert_is_foreign(&tool, is_pipe).await;
}

#[tokio::test]
async fn a_folder_at_the_path_is_an_error() {
    let tool = Tool::start().await;
    fs::create_dir_all(tool.folder.credentials().join("important")).unwrap();

    let error = tool.auth.access_token().await.unwrap_err();
    let login = tool.log_in().await.unwrap_err();

    for error in [error, login] {
        assert!(
            matches!(error, FiefAuthError::Credentials { .. }),
            "{error:?}"
        );
        assert!(error.to_string().contains("credentials.json"), "{error}");
    }
    assert!(tool.folder.path("credentials.json/important").is_dir());
}

/// What a process that was killed left behind, or another user put there.
#[cfg(unix)]
#[tokio::test]
async fn a_temporary_file_is_replaced_and_a_link_there_not_followed() {
    let tool = Tool::logged_in().await;
    let (victim, temporary) = (
        tool.folder.path("victim"),
        tool.folder.path("credentials.json.tmp"),
    );
    fs::write(&victim, "important").unwrap();
    std::os::unix::fs::symlink(&victim, &temporary).unwrap();
    tool.server.advance(DAY * 2);

    tool.auth.access_token().await.unwrap();

    assert_eq!(fs::read_to_string(&victim).unwrap(), "important");
    assert!(fs::symlink_metadata(&temporary).is_err());
    assert_eq!(mode(&tool.folder.credentials()), 0o600);

    fs::write(&temporary, "secret").unwrap();
    tool.auth.logout().await.unwrap();
    assert!(fs::symlink_metadata(&temporary).is_err());
}

#[cfg(unix)]
#[tokio::test]
async fn a_lock_that_is_a_link_is_an_error() {
    let tool = Tool::start().await;
    let (victim, lock) = (
        tool.folder.path("victim"),
        tool.folder.path("credentials.json.lock"),
    );
    fs::create_dir_all(lock.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(&victim, &lock).unwrap();

    let error = tool.log_in().await.unwrap_err();

    assert!(
        matches!(error, FiefAuthError::Credentials { .. }),
        "{error:?}"
    );
    assert!(fs::symlink_metadata(&victim).is_err());
}

/// Its refresh token is not sent to another server, nor by another client.
#[tokio::test]
async fn credentials_belong_to_one_client_and_one_server() {
    let tool = Tool::logged_in().await;
    tool.server.advance(DAY * 2);
    let requests = tool.server.requests(Endpoint::Token);
    let other = FiefTestServer::start().await;
    let foreign = [(other.url(), "castles-cli"), (tool.server.url(), "other")];
    for (url, client) in foreign {
        let fief = Fief::builder(url, client).build().unwrap();
        let auth = FiefAuth::with_credentials_path(fief, tool.folder.credentials());
        let error = auth.access_token().await.unwrap_err();
        assert!(
            matches!(error, FiefAuthError::NotAuthenticated),
            "{error:?}"
        );
        auth.logout().await.unwrap();
    }

    assert_eq!(other.requests(Endpoint::Token), 0);
    assert_eq!(tool.server.requests(Endpoint::Token), requests);
    tool.auth.access_token().await.unwrap();
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}
