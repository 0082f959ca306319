//! In which order the plugins of a phase run.

use std::collections::{BTreeMap, BTreeSet};

use super::Metadata;

/// Plugins that wait for each other.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("plugins wait for each other: {}", .0.join(" -> "))]
pub struct CycleError(pub Vec<String>);

/// The order of plugins, as positions in the list: what one depends on, and who produces what it consumes, comes before it.
/// Otherwise they stay in the order of the list.
///
/// # Errors
/// A cycle, with the names of the plugins on it, each before the one that it waits for.
pub fn order(plugins: &[Metadata]) -> Result<Vec<usize>, CycleError> {
    // A plugin also has the names of those in whose place it stands.
    let by_name: BTreeMap<&str, usize> = plugins
        .iter()
        .enumerate()
        .flat_map(|(i, plugin)| {
            let names = plugin.instead_of.iter().chain([&plugin.name]);
            names.map(move |name| (name.as_str(), i))
        })
        .collect();
    let waits: Vec<BTreeSet<usize>> = plugins
        .iter()
        .enumerate()
        .map(|(i, plugin)| {
            let named = plugin
                .dependencies
                .iter()
                .filter_map(|name| by_name.get(name.as_str()).copied());
            let producers = plugins.iter().enumerate().filter(|(other, producer)| {
                *other != i
                    && producer
                        .produces
                        .iter()
                        .any(|t| plugin.consumes.contains(t))
            });
            named.chain(producers.map(|(other, _)| other)).collect()
        })
        .collect();
    let mut done = vec![false; plugins.len()];
    let mut order = Vec::with_capacity(plugins.len());
    while order.len() < plugins.len() {
        let ready = (0..plugins.len()).find(|&i| !done[i] && waits[i].iter().all(|&w| done[w]));
        let Some(next) = ready else {
            return Err(cycle(plugins, &waits, &done));
        };
        done[next] = true;
        order.push(next);
    }
    Ok(order)
}

/// Whoever cannot run waits for another who cannot: following that leads into a cycle.
fn cycle(plugins: &[Metadata], waits: &[BTreeSet<usize>], done: &[bool]) -> CycleError {
    let mut path: Vec<usize> = (0..plugins.len()).filter(|&i| !done[i]).take(1).collect();
    while let Some(&last) = path.last() {
        let Some(&next) = waits[last].iter().find(|&&w| !done[w]) else {
            break;
        };
        let seen = path.iter().position(|&i| i == next);
        path.push(next);
        if let Some(start) = seen {
            path.drain(..start);
            break;
        }
    }
    CycleError(path.into_iter().map(|i| plugins[i].name.clone()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(plugins: &[Metadata]) -> Vec<&str> {
        let order = order(plugins).unwrap();
        order
            .into_iter()
            .map(|i| plugins[i].name.as_str())
            .collect()
    }

    #[test]
    fn what_is_needed_comes_first_and_the_rest_stays() {
        let plugins = [
            Metadata::new("mounts").consumes(["http:route"]),
            Metadata::new("other"),
            Metadata::new("last").after(["other", "absent"]),
            Metadata::new("routes")
                .produces(["http:route"])
                .consumes(["http:route"]),
        ];
        assert_eq!(names(&plugins), ["other", "last", "routes", "mounts"]);
    }

    #[test]
    fn who_stands_in_place_of_another_comes_where_it_would() {
        let plugins = [
            Metadata::new("late").after(["linker"]),
            Metadata::new("own-linker").instead_of(["linker"]),
        ];
        assert_eq!(names(&plugins), ["own-linker", "late"]);
    }

    #[test]
    fn a_cycle_is_shown() {
        let plugins = [
            Metadata::new("x").after(["a"]),
            Metadata::new("a").after(["b"]),
            Metadata::new("b").consumes(["t"]),
            Metadata::new("c").produces(["t"]).after(["a"]),
        ];
        assert_eq!(
            order(&plugins).unwrap_err().to_string(),
            "plugins wait for each other: a -> b -> c -> a"
        );
    }
}
