use std::{
    fs::{self, File},
    io::{self, ErrorKind, Seek, Write},
    path::{Path, PathBuf},
};

use crate::cli::platform;

/// The right to write a file, until it is dropped or the process ends.
pub(super) struct Lock {
    pub(super) _file: File,
    pub(super) path: PathBuf,
    pub(super) temporary: PathBuf,
    pub(super) aside: PathBuf,
}

/// A write that has begun. Dropping it leaves the file unchanged.
pub(super) struct Replacement<'a> {
    lock: &'a Lock,
    file: File,
}

impl Lock {
    /// Begins a write: what can fail does so before there is something to lose.
    pub(super) fn begin(&self) -> io::Result<Replacement<'_>> {
        // It is left if a process was killed.
        remove(&self.temporary)?;
        let file = platform::private()
            .write(true)
            .create_new(true)
            .open(&self.temporary)?;
        let mut replacement = Replacement { lock: self, file };
        // Take the space on the disk.
        replacement.file.write_all(&[b' '; RESERVED])?;
        Ok(replacement)
    }

    /// Moves what is at the path to the side, if there is something.
    pub(super) fn keep_aside(&self) -> io::Result<()> {
        match fs::rename(&self.path, &self.aside) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            moved => moved?,
        }
        if fs::symlink_metadata(&self.aside)?.is_file() {
            // Fails if it belongs to another user.
            let _ = platform::make_private(&self.aside);
        }
        Ok(())
    }

    /// Removes what a process left behind, and the file itself if it is the caller's.
    pub(super) fn remove(&self, is_ours: bool) -> io::Result<()> {
        remove(&self.temporary)?;
        if is_ours {
            remove(&self.path)?;
        }
        platform::sync_folder(&self.path)
    }
}

impl Replacement<'_> {
    /// Replaces the file. After a crash at any moment it has the old contents or the new ones.
    pub(super) fn commit(mut self, text: &str) -> io::Result<()> {
        self.file.rewind()?;
        self.file.write_all(text.as_bytes())?;
        self.file.set_len(text.len() as u64)?;
        self.file.sync_all()?;
        fs::rename(&self.lock.temporary, &self.lock.path)?;
        platform::sync_folder(&self.lock.path)
    }
}

impl Drop for Replacement<'_> {
    fn drop(&mut self) {
        // Fails after a commit, since it was renamed.
        let _ = remove(&self.lock.temporary);
    }
}

/// Removes a file, or the link that is there instead.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

/// Bytes.
const RESERVED: usize = 16 * 1024;
