//! Lists the files of a project: a walk through its folders (`discovery/`).

use crate::discovery::{self, Discovery};
use crate::plugin::{DiscoveryPlugin, FilesContext, Metadata, Plugin, PluginError};

/// See the module.
pub(super) struct FileWalk;

impl Plugin for FileWalk {
    fn metadata(&self) -> Metadata {
        Metadata::new("file-walk")
    }
}

impl DiscoveryPlugin for FileWalk {
    fn files(&self, cx: &FilesContext<'_>) -> Result<Option<Discovery>, PluginError> {
        Ok(Some(discovery::walk(cx.root, cx.sources)))
    }
}
