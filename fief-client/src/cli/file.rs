use std::{
    fs::{self, File},
    io::{self, ErrorKind, Read},
    path::{Path, PathBuf},
    time::Duration,
};

use fs4::{FileExt, TryLockError};
use secrecy::SecretString;
use tokio::time::{Instant, sleep};

use crate::cli::{lock::Lock, platform};

/// File with secrets: only its owner can access it, and it is replaced as a whole.
///
/// Beside it are a file whose lock serializes the writers, and during a write a temporary one.
#[derive(Clone, Debug)]
pub(super) struct SecretFile {
    path: PathBuf,
}

/// What a path holds.
pub(super) enum Content {
    /// Nothing that this user has written: a link, a file that other users can access or that cannot be read, a huge one, no
    /// text.
    Foreign,
    Missing,
    Text(SecretString),
}

impl SecretFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn read(&self) -> io::Result<Content> {
        // Without following a link, and without opening a pipe, which would wait.
        let found = match fs::symlink_metadata(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Content::Missing),
            found => found?,
        };
        if found.is_dir() {
            return Err(ErrorKind::IsADirectory.into());
        }
        if !found.is_file() {
            return Ok(Content::Foreign);
        }
        let file = match File::open(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Content::Missing),
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                return Ok(Content::Foreign);
            }
            file => file?,
        };
        let opened = file.metadata()?;
        if !opened.is_file() || !platform::is_private(&opened) {
            return Ok(Content::Foreign);
        }
        let mut text = String::new();
        match file.take(MAX_LEN + 1).read_to_string(&mut text) {
            Ok(length) if length as u64 <= MAX_LEN => Ok(Content::Text(text.into())),
            Ok(_) => Ok(Content::Foreign),
            Err(error) if error.kind() == ErrorKind::InvalidData => Ok(Content::Foreign),
            Err(error) => Err(error),
        }
    }

    /// Returns the right to write the file, once no other process or task has it.
    pub(super) async fn lock(&self) -> io::Result<Lock> {
        if let Some(folder) = platform::folder(&self.path) {
            platform::create_folder(folder)?;
        }
        let file = open_lock(&self.beside(".lock"))?;
        let deadline = Instant::now() + LOCK_TIMEOUT;
        loop {
            match FileExt::try_lock(&file) {
                Ok(()) => break,
                Err(TryLockError::Error(error)) => return Err(error),
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                    sleep(LOCK_INTERVAL).await;
                }
                Err(TryLockError::WouldBlock) => {
                    let text = "another process has locked it";
                    return Err(io::Error::new(ErrorKind::TimedOut, text));
                }
            }
        }
        Ok(Lock {
            _file: file,
            path: self.path.clone(),
            temporary: self.beside(".tmp"),
            aside: self.beside(".bak"),
        })
    }

    /// Returns `true` if there is something to remove.
    pub(super) fn exists(&self) -> bool {
        let paths = [self.path.clone(), self.beside(".tmp")];
        paths.iter().any(|path| fs::symlink_metadata(path).is_ok())
    }

    fn beside(&self, suffix: &str) -> PathBuf {
        let mut path = self.path.clone().into_os_string();
        path.push(suffix);
        path.into()
    }
}

/// Opens the file that is locked. It is empty and stays: a process may wait for its lock.
fn open_lock(path: &Path) -> io::Result<File> {
    match platform::private().write(true).create_new(true).open(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        created => return created,
    }
    // A link could lead to a file of another program.
    if !fs::symlink_metadata(path)?.is_file() {
        let text = "the lock beside it is not a file";
        return Err(io::Error::new(ErrorKind::InvalidInput, text));
    }
    File::options().write(true).open(path)
}

/// Bytes. Access and ID token with all fields of a user are far shorter.
const MAX_LEN: u64 = 1024 * 1024;
/// More than a refresh takes at most, which happens under the lock.
const LOCK_TIMEOUT: Duration = Duration::from_secs(30);
const LOCK_INTERVAL: Duration = Duration::from_millis(50);
