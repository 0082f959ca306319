//! Which of the files that were found are analyzed: what configuration and options say.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use linker::packages::Packages;

use crate::Error;
use crate::config::ServiceConfig;
use crate::plugin::{DiscoveryContext, Runner};
use crate::project::Project;

/// Takes away the files that are not to be analyzed.
pub(crate) fn select(project: &mut Project) -> Result<(), Error> {
    let options = &project.options;
    let config = &options.config;
    let root = &project.root;
    let nothing_left = |what: &str| Error::NothingLeft {
        root: root.clone(),
        what: what.to_owned(),
    };
    if let Some(entry) = &options.entry_point
        && !project.root.join(entry).is_file()
    {
        return Err(nothing_left(&format!(
            "the entry point {entry} is not there"
        )));
    }
    let services = match &options.service {
        None => config.services.clone(),
        Some(asked) => {
            let manifests = &project.discovery.manifests;
            let read = || Packages::read(&project.root, manifests, &mut Vec::new());
            let packages = project.pool.install(read);
            let cx = DiscoveryContext {
                root: &project.root,
                config,
                packages: &packages,
            };
            let (services, _) = Runner::new(&project.plugins, &packages).services(&cx)?;
            chosen(asked, services)?
        }
    };
    let (include, exclude) = (globs(&config.include), globs(&config.exclude));
    let files = &mut project.discovery.files;
    let inside = |path: &str, folder: &str| {
        folder.is_empty()
            || path
                .strip_prefix(folder)
                .is_some_and(|rest| rest.starts_with('/'))
    };
    files.retain(|file| {
        let path = file.path.as_str();
        (config.include.is_empty() || include.is_match(path))
            && !exclude.is_match(path)
            && (services.is_empty() || services.iter().any(|s| inside(path, &s.path)))
            && (config.roots.is_empty() || config.roots.iter().any(|root| inside(path, root)))
    });
    if files.is_empty() {
        return Err(nothing_left(
            "`include`, `exclude`, the services and `workspace.roots` of the configuration leave no file",
        ));
    }
    Ok(())
}

fn chosen(asked: &str, services: Vec<ServiceConfig>) -> Result<Vec<ServiceConfig>, Error> {
    let path = asked.trim_start_matches("./").trim_end_matches('/');
    let is = |s: &ServiceConfig| s.name == asked || s.path == path;
    let contains = |s: &ServiceConfig| s.name.contains(asked) || s.path.contains(path);
    let known: Vec<String> = services.iter().map(|s| s.name.clone()).collect();
    let exact = services.iter().any(is);
    let chosen: Vec<_> = services
        .into_iter()
        .filter(|s| if exact { is(s) } else { contains(s) })
        .collect();
    if chosen.is_empty() {
        return Err(Error::NoSuchService {
            asked: asked.to_owned(),
            known: known.join(", "),
        });
    }
    Ok(chosen)
}

fn globs(texts: &[String]) -> GlobSet {
    let mut set = GlobSetBuilder::new();
    for text in texts {
        let text = text.trim_start_matches("./");
        // One that is no glob was refused when the configuration was read.
        if let Ok(glob) = GlobBuilder::new(text).literal_separator(true).build() {
            set.add(glob);
        }
        // A folder means all that is in it.
        if let Ok(glob) = GlobBuilder::new(&format!("{}/**", text.trim_end_matches('/')))
            .literal_separator(true)
            .build()
        {
            set.add(glob);
        }
    }
    set.build().unwrap_or_else(|_| GlobSet::empty())
}
