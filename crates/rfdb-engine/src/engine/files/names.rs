//! Names of the files of a database.

/// How much of the manifest is known to be whole.
pub(super) const MARK: &str = "SYNCED";
pub(super) fn manifest_name(number: u64) -> String {
    format!("manifest-{number:06}.log")
}

pub(super) fn segment_name(number: u32) -> String {
    format!("blocks-{number:06}.seg")
}

pub(super) fn index_name(number: u32) -> String {
    format!("index-{number:06}.idx")
}

pub(super) fn number_in<T: std::str::FromStr>(name: &str, prefix: &str, suffix: &str) -> Option<T> {
    name.strip_prefix(prefix)?
        .strip_suffix(suffix)?
        .parse()
        .ok()
}

/// Whether the engine gives files such names.
pub(super) fn is_ours(name: &str) -> bool {
    number_in::<u64>(name, "manifest-", ".log").is_some()
        || number_in::<u64>(name, "manifest-", ".tmp").is_some()
        || number_in::<u32>(name, "blocks-", ".seg").is_some()
        || number_in::<u32>(name, "index-", ".idx").is_some()
}
