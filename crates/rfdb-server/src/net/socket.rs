//! The socket file: made only where no live server is, private to the user, there only when somebody listens.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use crate::Error;

/// A bound socket. Dropping it removes the file, if the file is still this socket.
#[derive(Debug)]
pub(crate) struct BoundSocket {
    path: PathBuf,
    /// Device and inode.
    identity: Option<(u64, u64)>,
}

fn fail(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_path_buf();
    move |source| Error::Io {
        action,
        path,
        source,
    }
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    let metadata = fs::symlink_metadata(path).ok()?;
    Some((metadata.dev(), metadata.ino()))
}

/// Looks at what lies at the path: nothing or a socket that nobody serves is fine.
fn check_free(path: &Path) -> Result<(), Error> {
    let metadata = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other.map_err(fail("look at socket", path))?,
    };
    if !metadata.file_type().is_socket() {
        return Err(Error::Io {
            action: "make a socket at",
            path: path.to_path_buf(),
            source: io::Error::new(
                io::ErrorKind::AlreadyExists,
                "there is a file that is no socket; remove it, or choose another --socket",
            ),
        });
    }
    match UnixStream::connect(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(()),
        // A server whose queue is full answers "try again", and one of another user "permission denied": both live.
        _ => Err(Error::SocketInUse(path.to_path_buf())),
    }
}

/// Binds and listens. The file appears under its name only when the socket already listens, with mode 0600.
pub(crate) fn bind(path: &Path) -> Result<(UnixListener, BoundSocket), Error> {
    // The temporary name below may be short enough where the real one is not; then no client could connect.
    if SocketAddr::from_pathname(path).is_err() {
        return Err(Error::SocketPath(path.to_path_buf()));
    }
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if !directory.exists() {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)
            .map_err(fail("create directory", directory))?;
    }
    // Two servers that start at the same time must not both find the path free.
    let guard = File::open(directory).map_err(fail("open directory", directory))?;
    guard.lock().map_err(fail("lock directory", directory))?;
    check_free(path)?;
    // As short as can be: the length of a socket's path is limited to about a hundred bytes.
    let temporary = directory.join(format!(".s{}", std::process::id()));
    let _ = fs::remove_file(&temporary);
    let listener = UnixListener::bind(&temporary).map_err(fail("bind socket", path))?;
    let published = fs::set_permissions(&temporary, Permissions::from_mode(0o600))
        .and_then(|()| fs::rename(&temporary, path));
    if let Err(source) = published {
        let _ = fs::remove_file(&temporary);
        return Err(fail("bind socket", path)(source));
    }
    let bound = BoundSocket {
        path: path.to_path_buf(),
        identity: identity(path),
    };
    Ok((listener, bound))
}

impl Drop for BoundSocket {
    fn drop(&mut self) {
        if self.identity.is_some() && identity(&self.path) == self.identity {
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_is_too_long_is_said_to_be() {
        let dir = tempfile::tempdir().unwrap();
        let longest = |name_len: usize| dir.path().join("d".repeat(name_len)).join("rfdb.sock");
        let fits = (1..200)
            .rev()
            .map(longest)
            .find(|path| SocketAddr::from_pathname(path).is_ok())
            .unwrap();
        bind(&fits).unwrap();
        let beyond = longest(fits.parent().unwrap().file_name().unwrap().len() + 1);
        let error = bind(&beyond).unwrap_err();
        assert!(matches!(error, Error::SocketPath(_)), "{error}");
        assert!(error.to_string().contains("choose a shorter --socket"));
        assert!(!beyond.parent().unwrap().exists());
    }

    #[test]
    fn a_live_socket_is_left_alone_and_a_stale_one_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("new/rfdb.sock");
        let (listener, bound) = bind(&path).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(matches!(bind(&path), Err(Error::SocketInUse(_))));

        // As after a crash: the file is there and nobody listens.
        drop(listener);
        let (_second, second_bound) = bind(&path).unwrap();
        drop(bound);
        assert!(
            path.exists(),
            "the first server removed the second one's socket"
        );
        drop(second_bound);
        assert!(!path.exists());

        fs::write(&path, "precious").unwrap();
        assert!(bind(&path).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    }
}
