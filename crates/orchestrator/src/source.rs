//! Reading a source file.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

use crate::discovery::MAX_FILE_BYTES;
use crate::{Diagnostic, Error};

/// Reads a file as text, which had so many bytes when it was found.
///
/// # Errors
/// A diagnostic that says why the file is not analyzed: it cannot be read, or is not UTF-8 text.
pub(crate) fn read(root: &Path, file: &str, length: u64) -> Result<String, Diagnostic> {
    let bytes = read_bytes(&root.join(file), length).map_err(|e| {
        Diagnostic::file_warning("unreadable", file, format!("cannot be read: {e}"))
    })?;
    decode(file, bytes)
}

/// All of a file, or one byte more than is analyzed. The file system is not asked again for the length; it may be another by now.
fn read_bytes(path: &Path, length: u64) -> io::Result<Vec<u8>> {
    let most = MAX_FILE_BYTES + 1;
    let mut file = File::open(path)?.take(most);
    let mut bytes = vec![0; length.min(MAX_FILE_BYTES) as usize + 1];
    let mut end = 0;
    loop {
        match file.read(&mut bytes[end..]) {
            Ok(0) => break,
            Ok(read) => end += read,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    // If no byte is left, the file has grown.
    let has_grown = end == bytes.len();
    bytes.truncate(end);
    if has_grown {
        file.read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

fn decode(file: &str, bytes: Vec<u8>) -> Result<String, Diagnostic> {
    let warning = |code, message: String| Err(Diagnostic::file_warning(code, file, message));
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return warning(
            "file-too-large",
            format!(
                "more than the {} MB up to which files are analyzed: probably a bundle",
                MAX_FILE_BYTES / (1024 * 1024)
            ),
        );
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return warning(
            "not-utf-8",
            "encoded as UTF-16: save it as UTF-8 to have it analyzed".to_owned(),
        );
    }
    match String::from_utf8(bytes) {
        Ok(text) if begins_binary(text.as_bytes()) => warning(
            "binary-file",
            "holds zero bytes: not a source file".to_owned(),
        ),
        Ok(text) => Ok(text),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            if begins_binary(error.as_bytes()) {
                return warning(
                    "binary-file",
                    "holds zero bytes: not a source file".to_owned(),
                );
            }
            warning(
                "not-utf-8",
                format!("byte {at} is not UTF-8: save it as UTF-8 to have it analyzed"),
            )
        }
    }
}

/// Whether there is a zero byte near the beginning, as in no text.
fn begins_binary(bytes: &[u8]) -> bool {
    memchr::memchr(0, &bytes[..bytes.len().min(8192)]).is_some()
}

/// Reads a file of the project once more, to show a place in it.
///
/// # Errors
/// [`Error::Io`].
pub fn read_for_display(root: &Path, file: &str) -> Result<String, Error> {
    let path = root.join(file);
    fs::read(&path)
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .map_err(|e| Error::io("read", &path, e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_whole_whatever_their_length_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.js");
        for size in [0, 1, 31, 4096, 100_000] {
            let text = "x".repeat(size);
            fs::write(&path, &text).unwrap();
            for known in [0, 1, size as u64, size as u64 + 7, u64::MAX] {
                assert_eq!(read(folder.path(), "a.js", known).unwrap(), text);
            }
        }
        let most = MAX_FILE_BYTES as usize;
        fs::write(&path, " ".repeat(most)).unwrap();
        assert!(read(folder.path(), "a.js", 1).is_ok());
        for more in 1..3 {
            fs::write(&path, " ".repeat(most + more)).unwrap();
            for known in [1, (most + more) as u64] {
                let refused = read(folder.path(), "a.js", known).unwrap_err();
                assert_eq!(refused.code, "file-too-large");
            }
        }
    }

    #[test]
    fn only_utf8_text_is_a_source() {
        let code = |bytes: &[u8]| decode("a.js", bytes.to_vec()).map_err(|d| d.code);
        assert_eq!(code("\u{feff}ä".as_bytes()), Ok("\u{feff}ä".to_owned()));
        assert_eq!(code(b""), Ok(String::new()));
        assert_eq!(code(b"\xff\xfea\0"), Err("not-utf-8"));
        assert_eq!(code(b"a\xe4"), Err("not-utf-8"));
        assert_eq!(code(b"\x7fELF\0\0\xff"), Err("binary-file"));
        assert_eq!(code(b"a\0"), Err("binary-file"));
    }
}
