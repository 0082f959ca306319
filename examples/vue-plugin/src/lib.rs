//! A plugin that makes modules of other files than JavaScript and TypeScript: of Vue's single-file components. It takes the
//! scripts out of a component and gives them to the analyzer of grafema-rs; so they are linked like every module.
//!
//! ```
//! use orchestrator::plugin::Registry;
//! use orchestrator::{AnalyzeOptions, MemoryStore, NoProgress, analyze};
//! use vue_plugin::Components;
//!
//! # let folder = tempfile::tempdir().unwrap();
//! # let project = folder.path();
//! std::fs::write(project.join("price.ts"), "export const price = (n: number) => n * 2;").unwrap();
//! std::fs::write(
//!     project.join("Cart.vue"),
//!     "<template><p>{{ total }}</p></template>\n<script setup lang=\"ts\">\nimport { price } from './price';\nconst total = price(3);\n</script>\n",
//! )
//! .unwrap();
//! let mut plugins = Registry::default();
//! plugins.analysis(Components);
//! let options = AnalyzeOptions { plugins, ..AnalyzeOptions::default() };
//! let report = analyze(project, &MemoryStore::new(), &options, &NoProgress).unwrap();
//! assert_eq!(report.files.analyzed, 2);
//! assert_eq!(report.edges.by_type["CALLS"], 1);
//! ```

use orchestrator::plugin::{AnalysisPlugin, Metadata, ModuleAnalysis, Plugin, PluginError, Source};

/// See the crate.
#[derive(Debug, Clone, Copy)]
pub struct Components;

impl Plugin for Components {
    fn metadata(&self) -> Metadata {
        // Whoever changes what is made of a component raises the version: then every component is analyzed again.
        Metadata::new("vue-components").version("1")
    }
}

impl AnalysisPlugin for Components {
    fn extensions(&self) -> &[&str] {
        &["vue"]
    }

    fn module(&self, source: &Source<'_>) -> Result<ModuleAnalysis, PluginError> {
        let (script, language) = scripts(source.text)?;
        Ok(source.analyze_part(&script, language))
    }
}

/// The scripts of a component, where they stand in it, with nothing but blanks and line ends around them; and their language.
fn scripts(component: &str) -> Result<(String, &'static str), PluginError> {
    let mut script = String::with_capacity(component.len());
    let mut language = "js";
    let mut rest = component;
    while let Some((before, body, after)) = next_script(rest)? {
        blank(before, &mut script);
        script.push_str(body);
        for known in ["ts", "tsx", "jsx"] {
            let tag = before.rsplit_once('<').map_or("", |(_, tag)| tag);
            if tag.contains(&format!("lang=\"{known}\""))
                || tag.contains(&format!("lang='{known}'"))
            {
                language = known;
            }
        }
        rest = after;
    }
    blank(rest, &mut script);
    Ok((script, language))
}

/// What stands before the next script, its begin tag included; the script; and what stands after it.
fn next_script(text: &str) -> Result<Option<(&str, &str, &str)>, PluginError> {
    let mut at = 0;
    while let Some(found) = text[at..].find('<') {
        let tag = at + found;
        let name = &text[tag + 1..];
        if name.starts_with("!--") {
            at = text[tag..].find("-->").map_or(text.len(), |end| tag + end);
        } else if let Some(of_script) = name.strip_prefix("script")
            && of_script.starts_with(|c: char| c == '>' || c.is_whitespace())
        {
            let begin = text[tag..].find('>').map(|end| tag + end + 1);
            let end = begin.and_then(|begin| text[begin..].find("</script").map(|n| begin + n));
            let (Some(begin), Some(end)) = (begin, end) else {
                return Err(PluginError::new("a <script> of it does not end"));
            };
            return Ok(Some((&text[..begin], &text[begin..end], &text[end..])));
        } else {
            at = tag + 1;
        }
    }
    Ok(None)
}

/// Writes blanks in place of a text.
fn blank(text: &str, to: &mut String) {
    to.extend(text.bytes().map(|byte| match byte {
        b'\n' | b'\r' => char::from(byte),
        _ => ' ',
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_stay_where_they_are() {
        let component = "<!-- <script>no</script> -->\n<script lang='ts'>a;</script>\n<template>ä</template>\n<script setup>\nb;\n</script>";
        let (script, language) = scripts(component).unwrap();
        assert_eq!(language, "ts");
        assert_eq!(script.len(), component.len());
        assert_eq!(script.find("a;"), component.find("a;"));
        assert_eq!(script.find("b;"), component.find("b;"));
        assert_eq!(script.split_whitespace().collect::<Vec<_>>(), ["a;", "b;"]);
        assert_eq!(scripts("<scripted>").unwrap().0.trim(), "");
        assert!(scripts("<script>a").is_err());
    }
}
