//! From YAML to a [`Config`], with everything checked.

use std::time::Duration;

use graph_model::{Diagnostic, Place, Severity};

use super::tree::{self, Node, Value};
use super::{Config, ConfigError, FILE, PluginConfig, RoutingRule, ServiceConfig};
use crate::Phase;

/// How long an external plugin may take if the configuration does not say.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Keys of the top level. Those of Grafema that have no meaning here are known, so that its configurations can be used.
const KEYS: &[&str] = &[
    "version",
    "services",
    "include",
    "exclude",
    "plugins",
    "strict",
    "routing",
    "workspace",
];
const IGNORED: &[&str] = &["server", "analysis", "infrastructure"];

type Result<T> = std::result::Result<T, ConfigError>;

struct Reader {
    warnings: Vec<Diagnostic>,
}

pub(super) fn read(text: &str) -> Result<Config> {
    let root = tree::parse(text).map_err(|e| ConfigError {
        line: e.marker().line() as u32,
        column: e.marker().col() as u32,
        message: format!("not valid YAML: {}", e.info()),
    })?;
    let mut config = Config::default();
    let Some(root) = root.filter(|root| !matches!(root.value, Value::Null)) else {
        return Ok(config);
    };
    let mut reader = Reader {
        warnings: Vec::new(),
    };
    for (key, value) in reader.map(&root, "the configuration", KEYS, IGNORED)? {
        match key {
            "version" => config.version = value.text().map(str::to_owned),
            "services" => config.services = reader.services(value)?,
            "include" => config.include = reader.globs(value, key)?,
            "exclude" => config.exclude = reader.globs(value, key)?,
            "plugins" => config.plugins = reader.plugins(value)?,
            "strict" => config.strict = truth(value, key)?,
            "routing" => config.routing = reader.routing(value, &config.services)?,
            "workspace" => {
                for (key, value) in reader.map(value, "workspace", &["roots"], &[])? {
                    config.roots = texts(value, key)?;
                    for (root, node) in config.roots.iter_mut().zip(items(value)) {
                        *root = folder(node, "roots")?;
                    }
                }
            }
            _ => {}
        }
    }
    config.warnings = reader.warnings;
    Ok(config)
}

fn wrong<T>(at: &Node, message: impl Into<String>) -> Result<T> {
    Err(ConfigError {
        line: at.line,
        column: at.column,
        message: message.into(),
    })
}

/// The known name that somebody probably meant.
pub(crate) fn near<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    known
        .into_iter()
        .map(|known| {
            let (a, b) = (name.to_lowercase(), known.to_lowercase());
            (strsim::damerau_levenshtein(&a, &b), known)
        })
        .filter(|(distance, known)| *distance <= (known.len() / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

impl Reader {
    /// The entries of a map with known keys; a key that means nothing becomes a warning.
    fn map<'n>(
        &mut self,
        node: &'n Node,
        what: &str,
        known: &[&'static str],
        ignored: &[&str],
    ) -> Result<Vec<(&'static str, &'n Node)>> {
        let Value::Map(entries) = &node.value else {
            return wrong(node, format!("`{what}` must be a map, not {}", node.kind()));
        };
        let mut found: Vec<(&'static str, &Node)> = Vec::new();
        for (key, value) in entries {
            let name = key.text().unwrap_or_default();
            if let Some(&known) = known.iter().find(|known| **known == name) {
                if found.iter().any(|(other, _)| *other == known) {
                    return wrong(key, format!("`{name}` is there twice"));
                }
                found.push((known, value));
            } else if !ignored.contains(&name) {
                let hint = match near(name, known.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("known keys are {}", known.join(", ")),
                };
                self.warn(key, "unknown-key", format!("unknown key `{name}`; {hint}"));
            }
        }
        // In the order of the known keys, so that what is referred to is read first.
        found.sort_by_key(|(name, _)| known.iter().position(|known| known == name));
        Ok(found)
    }

    fn warn(&mut self, at: &Node, code: &'static str, message: String) {
        self.warnings.push(Diagnostic {
            file: FILE.to_owned(),
            place: Some(Place {
                line: at.line,
                column: at.column,
                offset: None,
                length: 0,
            }),
            code,
            severity: Severity::Warning,
            message,
        });
    }

    fn globs(&mut self, node: &Node, key: &str) -> Result<Vec<String>> {
        let globs = texts(node, key)?;
        for (glob, item) in globs.iter().zip(items(node)) {
            if let Err(error) = globset::Glob::new(glob) {
                return wrong(item, format!("`{key}`: {error}"));
            }
        }
        if globs.is_empty() && key == "include" {
            self.warn(
                node,
                "empty-include",
                "`include` is empty, and so has no effect".to_owned(),
            );
        }
        Ok(globs)
    }

    fn services(&mut self, node: &Node) -> Result<Vec<ServiceConfig>> {
        const KEYS: &[&str] = &["name", "path", "entryPoint", "customerFacing"];
        let mut services: Vec<ServiceConfig> = Vec::new();
        for item in list(node, "services")? {
            let mut service = ServiceConfig {
                name: String::new(),
                path: String::new(),
                entry_point: None,
                customer_facing: false,
            };
            for (key, value) in self.map(item, "services", KEYS, &[])? {
                match key {
                    "name" => service.name = text(value, key)?,
                    "path" => service.path = folder(value, key)?,
                    "entryPoint" => service.entry_point = Some(text(value, key)?),
                    _ => service.customer_facing = truth(value, key)?,
                }
            }
            if service.name.is_empty() {
                return wrong(item, "a service needs a `name`");
            }
            let has_path = matches!(&item.value, Value::Map(entries)
                if entries.iter().any(|(key, _)| key.text() == Some("path")));
            if !has_path {
                return wrong(
                    item,
                    format!("the service `{}` needs a `path`", service.name),
                );
            }
            if services.iter().any(|other| other.name == service.name) {
                return wrong(
                    item,
                    format!("two services have the name `{}`", service.name),
                );
            }
            services.push(service);
        }
        Ok(services)
    }

    fn plugins(&mut self, node: &Node) -> Result<Vec<(Phase, Vec<PluginConfig>)>> {
        const PHASES: &[&str] = &[
            "discovery",
            "indexing",
            "analysis",
            "enrichment",
            "validation",
        ];
        const KEYS: &[&str] = &["name", "command", "timeout"];
        let mut plugins = Vec::new();
        for (phase, value) in self.map(node, "plugins", PHASES, &[])? {
            let mut of_phase = Vec::new();
            for item in list(value, phase)? {
                let name = item.text().unwrap_or_default();
                let left_out = name.strip_prefix('!');
                let mut plugin = PluginConfig {
                    name: left_out.unwrap_or(name).to_owned(),
                    left_out: left_out.is_some(),
                    command: None,
                    timeout: TIMEOUT,
                };
                if plugin.name.is_empty() {
                    for (key, value) in self.map(item, phase, KEYS, &[])? {
                        match key {
                            "name" => plugin.name = text(value, key)?,
                            "command" => {
                                plugin.command = Some(match value.text() {
                                    Some(text) => {
                                        text.split_whitespace().map(str::to_owned).collect()
                                    }
                                    None => texts(value, key)?,
                                });
                            }
                            _ => {
                                let seconds = text(value, key)?.parse::<f64>().ok();
                                match seconds.and_then(|s| Duration::try_from_secs_f64(s).ok()) {
                                    Some(time) => plugin.timeout = time,
                                    None => {
                                        return wrong(
                                            value,
                                            "`timeout` must be a number of seconds",
                                        );
                                    }
                                }
                            }
                        }
                    }
                    if plugin.name.is_empty() {
                        return wrong(
                            item,
                            "a plugin needs a `name`; one that is not to run is in quotes: '!linker'",
                        );
                    }
                    if plugin.command.as_ref().is_some_and(Vec::is_empty) {
                        return wrong(item, format!("the `command` of `{}` is empty", plugin.name));
                    }
                }
                if plugin.command.is_none()
                    && let Err(message) = crate::plugins::check_name(&plugin.name)
                {
                    self.warn(item, "unknown-plugin", message);
                    continue;
                }
                of_phase.push(plugin);
            }
            let phase = Phase::ALL
                .into_iter()
                .find(|p| p.as_str().eq_ignore_ascii_case(phase));
            plugins.extend(phase.map(|phase| (phase, of_phase)));
        }
        Ok(plugins)
    }

    fn routing(&mut self, node: &Node, services: &[ServiceConfig]) -> Result<Vec<RoutingRule>> {
        const KEYS: &[&str] = &[
            "from",
            "to",
            "stripPrefix",
            "addPrefix",
            "source",
            "priority",
        ];
        let mut rules = Vec::new();
        for item in list(node, "routing")? {
            let mut rule = RoutingRule {
                from: String::new(),
                to: String::new(),
                strip_prefix: None,
                add_prefix: None,
                priority: 0,
            };
            for (key, value) in self.map(item, "routing", KEYS, &[])? {
                match key {
                    "from" | "to" => {
                        let name = text(value, key)?;
                        let names = || services.iter().map(|s| s.name.as_str());
                        if !names().any(|known| known == name) {
                            let hint = near(&name, names())
                                .map_or(String::new(), |near| format!("; did you mean `{near}`?"));
                            return wrong(
                                value,
                                format!("`{key}`: no service is named `{name}`{hint}"),
                            );
                        }
                        *(if key == "from" {
                            &mut rule.from
                        } else {
                            &mut rule.to
                        }) = name;
                    }
                    "stripPrefix" | "addPrefix" => {
                        let prefix = text(value, key)?;
                        if !prefix.starts_with('/') {
                            return wrong(value, format!("`{key}` must begin with `/`"));
                        }
                        *(if key == "addPrefix" {
                            &mut rule.add_prefix
                        } else {
                            &mut rule.strip_prefix
                        }) = Some(prefix);
                    }
                    "priority" => match text(value, key)?.parse() {
                        Ok(priority) => rule.priority = priority,
                        Err(_) => return wrong(value, "`priority` must be a whole number"),
                    },
                    // Where a rule comes from is for people.
                    _ => {}
                }
            }
            if rule.from.is_empty() || rule.to.is_empty() {
                return wrong(item, "a rule of `routing` needs `from` and `to`");
            }
            rules.push(rule);
        }
        Ok(rules)
    }
}

fn items(node: &Node) -> &[Node] {
    match &node.value {
        Value::List(items) => items,
        _ => &[],
    }
}

fn list<'n>(node: &'n Node, key: &str) -> Result<&'n [Node]> {
    match &node.value {
        Value::List(items) => Ok(items),
        Value::Null => Ok(&[]),
        _ => wrong(node, format!("`{key}` must be a list, not {}", node.kind())),
    }
}

fn texts(node: &Node, key: &str) -> Result<Vec<String>> {
    match &node.value {
        Value::List(items) => items.iter().map(|item| text(item, key)).collect(),
        Value::Null => Ok(Vec::new()),
        _ => wrong(
            node,
            format!("`{key}` must be a list of texts, not {}", node.kind()),
        ),
    }
}

fn text(node: &Node, key: &str) -> Result<String> {
    match node.text() {
        Some(text) => Ok(text.to_owned()),
        None => wrong(node, format!("`{key}` must be a text, not {}", node.kind())),
    }
}

fn truth(node: &Node, key: &str) -> Result<bool> {
    match &node.value {
        Value::Plain(text) if text == "true" => Ok(true),
        Value::Plain(text) if text == "false" => Ok(false),
        _ => wrong(node, format!("`{key}` must be true or false")),
    }
}

/// A folder inside of the project, without `./` before it and `/` behind it.
fn folder(node: &Node, key: &str) -> Result<String> {
    let path = text(node, key)?;
    if path.starts_with('/') || path.split('/').any(|part| part == "..") {
        return wrong(
            node,
            format!("`{key}` must be a path inside of the project, not {path}"),
        );
    }
    let parts: Vec<&str> = path
        .split('/')
        .filter(|part| !matches!(*part, "" | "."))
        .collect();
    Ok(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        read(text)
            .unwrap_err()
            .to_string()
            .replace(".grafema/config.yaml:", "")
    }

    fn warning(text: &str) -> String {
        let warnings = read(text).unwrap().warnings;
        warnings
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("; ")
    }

    #[test]
    fn all_keys() {
        let config = read(
            "version: 0.2.11\nstrict: true\nservices:\n  - name: api\n    path: ./apps/api/\n    entryPoint: src/main.ts\n    customerFacing: true\n  - {name: web, path: apps/web}\ninclude: ['**/*.ts']\nexclude:\n  - '**/*.test.ts'\nrouting:\n  - from: web\n    to: api\n    stripPrefix: /api\n    priority: 3\n    source: nginx.conf\nworkspace:\n  roots: [apps]\nserver:\n  binaryPath: x\n",
        )
        .unwrap();
        let codes: Vec<&str> = config.warnings.iter().map(|w| w.code).collect();
        assert_eq!(codes, [""; 0], "{:?}", config.warnings);
        assert_eq!(config.services[0].path, "apps/api");
        assert_eq!(
            config.services[0].entry_point.as_deref(),
            Some("src/main.ts")
        );
        assert!(config.services[0].customer_facing && config.strict);
        assert_eq!(config.routing[0].strip_prefix.as_deref(), Some("/api"));
        assert_eq!(config.routing[0].priority, 3);
        assert_eq!(
            (config.roots, config.include),
            (vec!["apps".to_owned()], vec!["**/*.ts".to_owned()])
        );
        assert_eq!(read("").unwrap(), Config::default());
        assert_eq!(read("# nothing\n").unwrap(), Config::default());
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        assert_eq!(
            error("strict: maybe"),
            "1:9: `strict` must be true or false"
        );
        assert_eq!(
            error("- a"),
            "1:1: `the configuration` must be a map, not a list"
        );
        assert_eq!(
            error("services:\n  - path: a\n"),
            "2:5: a service needs a `name`"
        );
        assert_eq!(
            error("services:\n  - name: a\n"),
            "2:5: the service `a` needs a `path`"
        );
        assert_eq!(
            error("services:\n  - name: a\n    path: ../x\n"),
            "3:11: `path` must be a path inside of the project, not ../x"
        );
        assert_eq!(
            error("routing:\n - from: wbe\n   to: web\nservices:\n - {name: web, path: w}\n"),
            "2:10: `from`: no service is named `wbe`; did you mean `web`?"
        );
        assert!(error("exclude: ['a[']").starts_with("1:11: `exclude`: "));
        assert!(error("a: [").contains("not valid YAML"));
        assert_eq!(
            error("strict: true\nstrict: true"),
            "2:1: `strict` is there twice"
        );
    }

    #[test]
    fn near_misses() {
        assert!(
            warning("exlude: []")
                .ends_with("config.yaml:1:1: unknown key `exlude`; did you mean `exclude`?")
        );
        assert!(
            warning("services:\n - {name: a, path: b, entrypoint: c}")
                .contains("did you mean `entryPoint`?")
        );
        assert!(warning("colour: red").contains("known keys are version, services"));
        assert!(warning("plugins:\n  enrichment: ['!liker']").contains("did you mean `linker`?"));
        assert!(
            warning("plugins:\n  validation: [broken-import]")
                .contains("did you mean `broken-imports`?")
        );
    }
}
