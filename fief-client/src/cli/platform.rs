//! Access to files: on Unix its mode, elsewhere the permissions of its folder, such as the user's profile.

use std::{
    fs::{DirBuilder, File, Metadata, OpenOptions},
    io,
    path::Path,
};

/// Returns options for a file that is private from its creation on.
pub(super) fn private() -> OpenOptions {
    #[cfg_attr(not(unix), allow(unused_mut, reason = "the mode is set on Unix only"))]
    let mut options = File::options();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Creates a folder and its parents, which other users cannot enter. One that exists is left unchanged.
pub(super) fn create_folder(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Returns `true` if only its owner can access a file.
pub(super) fn is_private(file: &Metadata) -> bool {
    #[cfg(unix)]
    return std::os::unix::fs::PermissionsExt::mode(&file.permissions()).trailing_zeros() >= 6;
    #[cfg(not(unix))]
    return file.is_file();
}

pub(super) fn make_private(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(path, mode)?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

/// Makes a change of a file's name survive a power failure, where the platform has this.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        let folder = folder(path).unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

/// Returns the folder of a file, or `None` for the current one.
pub(super) fn folder(path: &Path) -> Option<&Path> {
    let folder = path.parent()?;
    (!folder.as_os_str().is_empty()).then_some(folder)
}
