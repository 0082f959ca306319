//! Which files hold JavaScript or TypeScript.

/// Extensions of the files that are analyzed.
pub const SOURCE_EXTENSIONS: &[&str] = &["js", "jsx", "mjs", "cjs", "ts", "tsx", "mts", "cts"];

/// Whether a file name is that of a source file: a known extension, and no declaration file.
#[must_use]
pub fn is_source(name: &str) -> bool {
    let Some((stem, extension)) = name.rsplit_once('.') else {
        return false;
    };
    SOURCE_EXTENSIONS.contains(&extension)
        && !(stem.ends_with(".d") && matches!(extension, "ts" | "mts" | "cts"))
}
