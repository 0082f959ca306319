//! Ids of the nodes that belong to no file.

/// The specifier of the global object's module.
pub const GLOBAL_MODULE: &str = "<global>";
/// The id of the node that stands for console and process output.
pub const STDIO_ID: &str = "net:stdio#__stdio__";
/// The name of the node that stands for console and process output.
pub const STDIO_NAME: &str = "__stdio__";

/// Id of the MODULE of a file.
pub fn module_id(file: &str) -> String {
    [file, "->MODULE->module"].concat()
}

/// Id of a package, Node built-in (without `node:`) or the global object.
pub fn external_module_id(specifier: &str) -> String {
    format!(
        "EXTERNAL_MODULE:{}",
        specifier.strip_prefix("node:").unwrap_or(specifier)
    )
}

/// Id of a member of an external module, such as `fs.readFile`.
pub fn external_function_id(module: &str, path: &str) -> String {
    let module = module.strip_prefix("node:").unwrap_or(module);
    ["EXTERNAL_FUNCTION:", module, ".", path].concat()
}

/// Names of the global object that ECMAScript, Node and browsers define, sorted.
const STANDARD_GLOBALS: &[&str] = &[
    "AbortController",
    "AbortSignal",
    "AggregateError",
    "Array",
    "ArrayBuffer",
    "AsyncIterator",
    "Atomics",
    "BigInt",
    "BigInt64Array",
    "BigUint64Array",
    "Blob",
    "Boolean",
    "BroadcastChannel",
    "Buffer",
    "ByteLengthQueuingStrategy",
    "CSS",
    "CompressionStream",
    "CountQueuingStrategy",
    "Crypto",
    "CryptoKey",
    "CustomEvent",
    "DOMException",
    "DOMParser",
    "DataView",
    "Date",
    "DecompressionStream",
    "Document",
    "Element",
    "Error",
    "EvalError",
    "Event",
    "EventSource",
    "EventTarget",
    "File",
    "FileReader",
    "FinalizationRegistry",
    "Float32Array",
    "Float64Array",
    "FormData",
    "Function",
    "HTMLElement",
    "Headers",
    "Image",
    "ImageData",
    "Infinity",
    "Int16Array",
    "Int32Array",
    "Int8Array",
    "IntersectionObserver",
    "Intl",
    "Iterator",
    "JSON",
    "Map",
    "Math",
    "MessageChannel",
    "MessageEvent",
    "MessagePort",
    "MutationObserver",
    "NaN",
    "Node",
    "Number",
    "Object",
    "Performance",
    "PerformanceObserver",
    "Promise",
    "Proxy",
    "RangeError",
    "ReadableStream",
    "ReferenceError",
    "Reflect",
    "RegExp",
    "Request",
    "ResizeObserver",
    "Response",
    "Set",
    "SharedArrayBuffer",
    "SharedWorker",
    "String",
    "Symbol",
    "SyntaxError",
    "TextDecoder",
    "TextDecoderStream",
    "TextEncoder",
    "TextEncoderStream",
    "TransformStream",
    "TypeError",
    "URIError",
    "URL",
    "URLSearchParams",
    "Uint16Array",
    "Uint32Array",
    "Uint8Array",
    "Uint8ClampedArray",
    "WeakMap",
    "WeakRef",
    "WeakSet",
    "WebAssembly",
    "WebSocket",
    "Window",
    "Worker",
    "WritableStream",
    "XMLHttpRequest",
    "__dirname",
    "__filename",
    "alert",
    "atob",
    "btoa",
    "cancelAnimationFrame",
    "clearImmediate",
    "clearInterval",
    "clearTimeout",
    "confirm",
    "console",
    "crypto",
    "customElements",
    "decodeURI",
    "decodeURIComponent",
    "document",
    "encodeURI",
    "encodeURIComponent",
    "escape",
    "eval",
    "exports",
    "fetch",
    "getComputedStyle",
    "global",
    "globalThis",
    "history",
    "indexedDB",
    "isFinite",
    "isNaN",
    "localStorage",
    "location",
    "matchMedia",
    "module",
    "navigator",
    "parseFloat",
    "parseInt",
    "performance",
    "postMessage",
    "process",
    "prompt",
    "queueMicrotask",
    "reportError",
    "requestAnimationFrame",
    "requestIdleCallback",
    "require",
    "self",
    "sessionStorage",
    "setImmediate",
    "setInterval",
    "setTimeout",
    "structuredClone",
    "undefined",
    "unescape",
    "window",
];

/// Standard globals that cannot be called, sorted.
const STANDARD_VALUES: &[&str] = &[
    "Atomics",
    "CSS",
    "Infinity",
    "Intl",
    "JSON",
    "Math",
    "NaN",
    "Reflect",
    "WebAssembly",
    "__dirname",
    "__filename",
    "console",
    "crypto",
    "customElements",
    "document",
    "exports",
    "global",
    "globalThis",
    "history",
    "indexedDB",
    "localStorage",
    "location",
    "module",
    "navigator",
    "performance",
    "process",
    "self",
    "sessionStorage",
    "undefined",
    "window",
];

/// Whether ECMAScript, Node or browsers define this name of the global object.
pub fn is_standard_global(name: &str) -> bool {
    STANDARD_GLOBALS.binary_search(&name).is_ok()
}

/// Whether this standard global is known not to be callable, such as `Math`.
pub fn is_standard_value(name: &str) -> bool {
    STANDARD_VALUES.binary_search(&name).is_ok()
}

/// Whether `new` of this standard global makes an object of a built-in class.
pub fn is_standard_class(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase())
        && is_standard_global(name)
        && !is_standard_value(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted_for_binary_search() {
        assert!(STANDARD_GLOBALS.is_sorted());
        assert!(STANDARD_VALUES.is_sorted());
        assert!(
            is_standard_class("Map") && !is_standard_class("Math") && !is_standard_class("fetch")
        );
    }
}
