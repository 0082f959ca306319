//! Which files hold JavaScript or TypeScript.

/// Extensions of the files that are analyzed.
pub const SOURCE_EXTENSIONS: &[&str] = &["js", "jsx", "mjs", "cjs", "ts", "tsx", "mts", "cts"];

/// Whether a file name is that of a source file: a known extension, and no declaration file.
#[must_use]
pub fn is_source(name: &str) -> bool {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension);
    extension.is_some_and(|extension| SOURCE_EXTENSIONS.contains(&extension))
        && !is_declaration(name)
}

/// Whether a file name is that of a declaration file.
#[must_use]
pub fn is_declaration(name: &str) -> bool {
    [".d.ts", ".d.mts", ".d.cts"]
        .iter()
        .any(|end| name.ends_with(end))
}
