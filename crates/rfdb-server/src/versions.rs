//! Snapshot commands: versions of a database and their tags.

use std::collections::BTreeMap;

use rfdb_engine::{Engine, Snapshot};
use rfdb_protocol::{
    ErrorCode, Response, SnapshotDiff, SnapshotEntry, SnapshotPair, SnapshotRef, SnapshotTotals,
    WireError,
};

use crate::database::Database;
use crate::error::ToWire;

type Result<T = Response> = std::result::Result<T, WireError>;

fn unknown(version: u64) -> WireError {
    WireError::new(
        ErrorCode::SnapshotNotFound,
        format!(
            "There is no snapshot of version {version}; listSnapshots tells which exist, and only they and the current version can be tagged"
        ),
    )
}

/// Tags the current version. The engine keeps a graph from the moment of its first tag on, so an older version can
/// only get further tags if it still is the current one.
pub(crate) fn tag(engine: &Engine, version: u64, tags: &BTreeMap<String, String>) -> Result {
    if engine.path().is_none() {
        return Err(WireError::new(
            ErrorCode::EphemeralDatabase,
            "Invalid file format: Cannot tag ephemeral snapshot",
        ));
    }
    if engine.snapshot().version() != version {
        return Err(unknown(version));
    }
    let tags: Vec<_> = tags
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .collect();
    engine.tag_snapshot(&tags).to_wire()?;
    Ok(Response::OK)
}

fn version_with_tag(engine: &Engine, key: &str, value: &str) -> Option<u64> {
    engine
        .snapshots()
        .into_iter()
        .filter(|snapshot| snapshot.tags.get(key).is_some_and(|tag| tag == value))
        .map(|snapshot| snapshot.version)
        .max()
}

pub(crate) fn find(engine: &Engine, key: &str, value: &str) -> Response {
    Response::SnapshotVersion {
        version: version_with_tag(engine, key, value),
    }
}

/// The kept versions and the current one.
pub(crate) fn list(database: &Database, filter: Option<&String>) -> Result {
    let mut snapshots: Vec<_> = database
        .engine
        .snapshots()
        .into_iter()
        .map(|kept| SnapshotEntry {
            version: kept.version,
            created_at: kept.created_at,
            tags: kept.tags,
            total_nodes: kept.node_count,
            total_edges: kept.edge_count,
        })
        .collect();
    let current = database.snapshot();
    if !snapshots
        .iter()
        .any(|entry| entry.version == current.version())
    {
        let now = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |duration| duration.as_secs());
        snapshots.push(SnapshotEntry {
            version: current.version(),
            created_at: now,
            tags: BTreeMap::new(),
            total_nodes: current.node_count().to_wire()?,
            total_edges: current.edge_count().to_wire()?,
        });
    }
    if let Some(key) = filter {
        snapshots.retain(|entry| entry.tags.contains_key(key));
    }
    Ok(Response::Snapshots { snapshots })
}

fn resolve(database: &Database, reference: &SnapshotRef) -> Result<(u64, Snapshot)> {
    let version = match reference {
        SnapshotRef::Version { version } => *version,
        SnapshotRef::Tag { tag_key, tag_value } => {
            version_with_tag(&database.engine, tag_key, tag_value).ok_or_else(|| {
                WireError::new(
                    ErrorCode::SnapshotNotFound,
                    format!("There is no snapshot with the tag {tag_key}={tag_value}"),
                )
            })?
        }
    };
    let current = database.snapshot();
    if current.version() == version {
        return Ok((version, current));
    }
    match database.engine.snapshot_at(version) {
        Err(rfdb_engine::Error::UnknownSnapshot(_)) => Err(unknown(version)),
        other => Ok((version, other.to_wire()?)),
    }
}

/// Records by owner: what other servers count as segments is here the block of an owner.
fn blocks(snapshot: &Snapshot) -> Result<BTreeMap<(String, String), (u64, u64)>> {
    let owners = snapshot.owners().to_wire()?;
    Ok(owners
        .into_iter()
        .map(|owner| ((owner.file, owner.context), (owner.nodes, owner.edges)))
        .collect())
}

fn totals(snapshot: &Snapshot) -> Result<SnapshotTotals> {
    Ok(SnapshotTotals {
        total_nodes: snapshot.node_count().to_wire()?,
        total_edges: snapshot.edge_count().to_wire()?,
    })
}

pub(crate) fn diff(database: &Database, pair: &SnapshotPair) -> Result {
    let (from_version, from) = resolve(database, &pair.from)?;
    let (to_version, to) = resolve(database, &pair.to)?;
    let (old, new) = (blocks(&from)?, blocks(&to)?);
    let mut diff = SnapshotDiff {
        from_version,
        to_version,
        stats_from: totals(&from)?,
        stats_to: totals(&to)?,
        ..SnapshotDiff::default()
    };
    // Blocks that one side has and the other has not, or not with the same number of rows.
    let only = |side: &BTreeMap<_, (u64, u64)>, other: &BTreeMap<_, (u64, u64)>| {
        let mut count = (0, 0);
        for (owner, rows) in side {
            let there = other.get(owner).copied().unwrap_or_default();
            count.0 += u64::from(rows.0 > 0 && rows.0 != there.0);
            count.1 += u64::from(rows.1 > 0 && rows.1 != there.1);
        }
        count
    };
    (diff.added_node_segments, diff.added_edge_segments) = only(&new, &old);
    (diff.removed_node_segments, diff.removed_edge_segments) = only(&old, &new);
    Ok(Response::SnapshotsDiffer { diff })
}
