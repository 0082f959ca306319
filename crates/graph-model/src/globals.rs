//! Ids of the nodes that belong to no file.

/// The specifier of the global object's module.
pub const GLOBAL_MODULE: &str = "<global>";
/// The id of the node that stands for console and process output.
pub const STDIO_ID: &str = "net:stdio#__stdio__";
/// The name of the node that stands for console and process output.
pub const STDIO_NAME: &str = "__stdio__";

/// Id of the project's node.
pub fn project_id(name: &str) -> String {
    format!("PROJECT:{name}")
}

/// Id of a service's node.
pub fn service_id(name: &str) -> String {
    format!("SERVICE:{name}")
}

/// Id of a package, Node built-in (without `node:`) or the global object.
pub fn external_module_id(specifier: &str) -> String {
    format!("EXTERNAL_MODULE:{}", specifier.strip_prefix("node:").unwrap_or(specifier))
}

/// Id of a member of an external module, such as `fs.readFile`.
pub fn external_function_id(module: &str, path: &str) -> String {
    format!("EXTERNAL_FUNCTION:{}.{path}", module.strip_prefix("node:").unwrap_or(module))
}
