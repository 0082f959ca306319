//! Modules as compilers write them, and types that comments import.

use crate::common::edges;

const CALLS: &[&str] = &["CALLS", "UNRESOLVED_CALL"];

#[test]
fn exports_and_imports_in_helpers_of_compilers() {
    let found = edges(
        &[
            (
                "typescript/index.js",
                r#"Object.defineProperty(exports, "__esModule", { value: true });
const tslib_1 = require("tslib");
tslib_1.__exportStar(require("./a"), exports);
"#,
            ),
            (
                "typescript/a.js",
                r#"Object.defineProperty(exports, "__esModule", { value: true });
exports.a = a;
exports.default = whole;
function a() {}
function whole() {}
"#,
            ),
            (
                "esbuild.js",
                r#"var src_exports = {};
__export(src_exports, { b: () => b });
module.exports = __toCommonJS(src_exports);
__reExport(src_exports, require("./babel"), module.exports);
function b() {}
"#,
            ),
            (
                "babel.js",
                r#"var _swc = require("./swc");
Object.keys(_swc).forEach(function (key) {
  if (key === "default" || key === "__esModule") return;
  Object.defineProperty(exports, key, { enumerable: true, get: function () { return _swc[key]; } });
});
"#,
            ),
            (
                "swc.js",
                "_export(exports, { c: function () { return c; } });\nfunction c() {}\n",
            ),
            (
                "named.js",
                r#"Object.defineProperty(exports, "__esModule", { value: true });
var a_1 = require("./typescript/a");
Object.defineProperty(exports, "renamed", { enumerable: true, get: function () { return a_1.a; } });
"#,
            ),
            (
                "late.js",
                r#"__export(exports, { late: () => import_a.default });
var import_a = __toModule(require("./typescript/a"));
"#,
            ),
            ("plain.js", "module.exports = function plain() {};\n"),
            (
                "app.js",
                r#"const ts = __importStar(require("./typescript"));
const whole = tslib_1.__importDefault(require("./typescript/a"));
const plain = _interopRequireDefault(require("./plain"));
const built = __toESM(require("./esbuild"));
ts.a();
whole.default();
plain.default();
built.b();
built.c();
const { renamed } = require("./named");
renamed();
require("./late").late();
"#,
            ),
        ],
        CALLS,
    );
    let found: Vec<&str> = found
        .iter()
        .filter_map(|edge| edge.strip_prefix("app.js->CALL->"))
        .filter(|edge| !edge.starts_with('_') && !edge.starts_with("tslib"))
        .collect();
    assert_eq!(
        found,
        [
            r#"built.b CALLS esbuild.js->FUNCTION->b#2 {"resolution":"import"}"#,
            r#"built.c CALLS swc.js->FUNCTION->c#2 {"resolution":"import"}"#,
            r#"plain.default CALLS plain.js->FUNCTION->plain {"resolution":"import"}"#,
            r#"renamed CALLS typescript/a.js->FUNCTION->a {"resolution":"import"}"#,
            r#"require().late CALLS typescript/a.js->FUNCTION->whole {"resolution":"import"}"#,
            r#"ts.a CALLS typescript/a.js->FUNCTION->a {"resolution":"import"}"#,
            r#"whole.default CALLS typescript/a.js->FUNCTION->whole {"resolution":"import"}"#,
        ]
    );
}

#[test]
fn comments_import_types() {
    let found = edges(
        &[
            (
                "parser.js",
                "export class Parser { eat() {} }\nexport default class Other { drink() {} }\n",
            ),
            (
                "app.js",
                r#"/** @import { Parser, Parser as P } from './parser.js' */
/** @import Other, { Parser as Q } from './parser.js' */
/** @import * as all from './parser.js' */

/**
 * @param {Parser} a
 * @param {P} b
 * @param {Other} c
 * @param {all.Parser} d
 * @param {Q[]} e
 */
export function read(a, b, c, d, e) {
  a.eat();
  b.eat();
  c.drink();
  d.eat();
  e[0].eat();
}
"#,
            ),
        ],
        CALLS,
    );
    assert_eq!(
        found,
        [
            r#"app.js->CALL->a.eat[in:read] CALLS parser.js->METHOD->eat[in:Parser] {"resolution":"type"}"#,
            r#"app.js->CALL->b.eat[in:read] CALLS parser.js->METHOD->eat[in:Parser] {"resolution":"type"}"#,
            r#"app.js->CALL->c.drink[in:read] CALLS parser.js->METHOD->drink[in:Other] {"resolution":"type"}"#,
            r#"app.js->CALL->d.eat[in:read] CALLS parser.js->METHOD->eat[in:Parser] {"resolution":"type"}"#,
            r#"app.js->CALL->e.0.eat[in:read] CALLS parser.js->METHOD->eat[in:Parser] {"resolution":"type"}"#,
        ]
    );
}
