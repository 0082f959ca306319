//! Kept snapshots: tagged versions of the graph that outlive what follows.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use super::inner::Inner;
use super::state::guard;
use super::{Durability, SnapshotInfo};
use crate::manifest::{Edit, Kept};
use crate::run::{BlockHandle, Run};
use crate::snapshot::Version;
use crate::{Error, Result};

impl Inner {
    pub(super) fn tag_snapshot(self: &Arc<Self>, tags: &[(&str, &str)]) -> Result<u64> {
        let _finalizing = guard(&self.finalizing);
        let mut writer = self.writable()?;
        let version = self.version();
        let mut kept = match writer.kept.get(&version.number) {
            Some(kept) => kept.clone(),
            None => {
                let counts = version.counts()?;
                let mut blocks = Vec::new();
                version.each_live_block(|run, block| {
                    blocks.push(run.block_desc(block)?);
                    Ok(())
                })?;
                blocks.sort_by_key(|block| block.id);
                let created_at = SystemTime::now()
                    .duration_since(UNIX_EPOCH)
                    .map_or(0, |since| since.as_secs());
                let (nodes, edges) = (counts.node_total, counts.edge_total);
                Kept {
                    version: version.number,
                    created_at,
                    tags: BTreeMap::new(),
                    nodes,
                    edges,
                    blocks,
                }
            }
        };
        kept.tags.extend(
            tags.iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned())),
        );
        self.log(
            &mut writer,
            &[Edit::Keep(kept.clone())],
            self.options.durability == Durability::Sync,
        )?;
        writer.kept.insert(kept.version, kept);
        guard(&self.kept_versions).insert(version.number, Arc::clone(&version));
        Ok(version.number)
    }

    pub(super) fn kept_snapshots(&self) -> Vec<SnapshotInfo> {
        let writer = guard(&self.writer);
        let info = |kept: &Kept| SnapshotInfo {
            version: kept.version,
            created_at: kept.created_at,
            tags: kept.tags.clone(),
            node_count: kept.nodes,
            edge_count: kept.edges,
        };
        writer.kept.values().map(info).collect()
    }

    pub(super) fn snapshot_at(&self, number: u64) -> Result<Arc<Version>> {
        let mut writer = guard(&self.writer);
        let Some(kept) = writer.kept.get(&number).cloned() else {
            return Err(Error::UnknownSnapshot(number));
        };
        if let Some(version) = guard(&self.kept_versions).get(&number) {
            return Ok(Arc::clone(version));
        }
        let Some(files) = &mut writer.files else {
            return Err(Error::UnknownSnapshot(number));
        };
        let blocks = kept
            .blocks
            .into_iter()
            .map(|desc| {
                let file = files.segment(desc.segment);
                Arc::new(BlockHandle::found(desc, file))
            })
            .collect();
        let version = Arc::new(Version::new(
            number,
            vec![Arc::new(Run::overlay(blocks, Arc::default()))],
        ));
        guard(&self.kept_versions).insert(number, Arc::clone(&version));
        Ok(version)
    }

    pub(super) fn drop_snapshot(self: &Arc<Self>, number: u64) -> Result<()> {
        let mut writer = self.writable()?;
        if !writer.kept.contains_key(&number) {
            return Err(Error::UnknownSnapshot(number));
        }
        self.log(
            &mut writer,
            &[Edit::Forget { version: number }],
            self.options.durability == Durability::Sync,
        )?;
        writer.kept.remove(&number);
        guard(&self.kept_versions).remove(&number);
        Ok(())
    }
}
