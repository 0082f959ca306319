// Says where every call of a project goes, by asking the TypeScript checker.
//
//   node oracle.mjs PROJECT > truth.jsonl
//
// A line for each call, `new` and tagged template of the project's own sources:
//
//   {"file","line","column","endLine","endColumn","callee","kind","targets":[{"file","endLine","endColumn","name"}]}
//
// Lines count from 1, columns from 0 in UTF-16 units. `callee` is its text, cut at 80 units. `kind` is
//   function   `targets` are the declarations with a body that it runs
//   abstract   the declaration has no body: `targets` are the class members of that name that have one
//   callback   a value of a function type, such as a parameter
//   external   declared outside of the project's sources
//   unknown    the checker does not know
// A target is named by its file and its end: where a declaration begins is seen differently by different parsers.
import { readFileSync, readdirSync, existsSync, writeSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import ts from 'typescript';

/** Folders that hold no sources. */
const NOT_SOURCES = ['node_modules', 'dist', 'build', 'out', 'coverage', 'target', '.git', '.grafema'];

const isSource = path => /\.([cm]?[jt]s|[jt]sx)$/.test(path) && !path.endsWith('.d.ts');

/** All sources below a folder, and every package.json that can be read. */
function survey(root) {
  const sources = [];
  const manifests = [];
  const folders = [root];
  while (folders.length) {
    const folder = folders.pop();
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        if (!NOT_SOURCES.includes(entry.name)) folders.push(path);
      } else if (isSource(path)) {
        sources.push(path);
      } else if (basename(path) === 'package.json') {
        const manifest = readManifest(path);
        if (manifest?.name) manifests.push({ folder, manifest });
      }
    }
  }
  sources.sort();
  return { sources, manifests };
}

function readManifest(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Where the name of a package of the project leads: to its source, not to what is built from it. */
function packagePaths(manifests) {
  const paths = {};
  for (const { folder, manifest } of manifests) {
    const named = [manifest.source, manifest.types, manifest.main, 'src/index.ts', 'src/index.js', 'index.ts', 'index.js'];
    const candidates = named
      .filter(entry => typeof entry === 'string')
      .flatMap(entry => [entry, sourceOfBuilt(entry)])
      .map(entry => join(folder, entry));
    const main = candidates.find(path => isSource(path) && existsSync(path));
    if (main) {
      paths[manifest.name] = [main];
      paths[`${manifest.name}/*`] = [join(folder, 'src/*'), join(folder, '*')];
    }
  }
  return paths;
}

function sourceOfBuilt(entry) {
  return entry
    .replace(/^(?:\.\/)?(?:dist|build|lib|out)\//, 'src/')
    .replace(/(?:\.d)?\.[cm]?[jt]sx?$/, '.ts');
}

function compilerOptions(root, manifests) {
  const config = join(root, 'tsconfig.json');
  const own = existsSync(config)
    ? ts.parseJsonConfigFileContent(ts.readConfigFile(config, ts.sys.readFile).config ?? {}, ts.sys, root).options
    : {};
  return {
    // Everything is looked at, nothing is complained about.
    allowJs: true,
    checkJs: false,
    noEmit: true,
    skipLibCheck: true,
    strict: own.strict ?? false,
    target: ts.ScriptTarget.ESNext,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    allowImportingTsExtensions: true,
    resolveJsonModule: true,
    jsx: ts.JsxEmit.Preserve,
    experimentalDecorators: true,
    // What the project depends on is not part of it.
    types: [],
    maxNodeModuleJsDepth: 0,
    baseUrl: own.baseUrl ?? root,
    paths: { ...packagePaths(manifests), ...own.paths },
  };
}

class Oracle {
  constructor(root) {
    this.root = root;
    const { sources, manifests } = survey(root);
    this.program = ts.createProgram(sources, compilerOptions(root, manifests));
    this.checker = this.program.getTypeChecker();
    this.own = this.program.getSourceFiles().filter(file => this.isOwn(file));
    this.membersByName = this.membersWithBodies();
  }

  isOwn(file) {
    return file.fileName.startsWith(this.root + sep) && !file.isDeclarationFile && !file.fileName.includes('/node_modules/');
  }

  /** Class members that have a body, by name: what may run when an abstract member is called. */
  membersWithBodies() {
    const members = new Map();
    for (const file of this.own) {
      walk(file, node => {
        if (!ts.isClassLike(node)) return;
        for (const member of node.members) {
          if (!member.body || !member.name) continue;
          const name = member.name.getText(file);
          if (!members.has(name)) members.set(name, []);
          members.get(name).push(member);
        }
      });
    }
    return members;
  }

  *answers() {
    for (const file of this.own) {
      const calls = [];
      walk(file, node => {
        const callee = calleeOf(node);
        if (callee) calls.push([node, callee]);
      });
      for (const [node, callee] of calls) {
        const { kind, targets } = this.resolve(node);
        yield {
          file: this.path(file),
          ...this.start(node, file),
          ...end(node, file),
          callee: callee.getText(file).slice(0, 80),
          kind,
          targets: targets.map(target => this.describe(target)),
        };
      }
    }
  }

  resolve(call) {
    try {
      return this.classify(this.declarationOf(call));
    } catch {
      // The checker gives up on some programs by throwing.
      return { kind: 'unknown', targets: [] };
    }
  }

  declarationOf(call) {
    const signature = this.checker.getResolvedSignature(call)?.declaration;
    if (!ts.isNewExpression(call)) return signature;
    // A class without a constructor has no signature of its own.
    let symbol = this.checker.getSymbolAtLocation(call.expression);
    if (symbol && symbol.flags & ts.SymbolFlags.Alias) symbol = this.checker.getAliasedSymbol(symbol);
    return symbol?.declarations?.find(ts.isClassLike) ?? signature;
  }

  classify(declaration) {
    if (!declaration) return { kind: 'unknown', targets: [] };
    if (!this.isOwn(declaration.getSourceFile())) return { kind: 'external', targets: [] };
    const running = this.implementationsOf(declaration);
    if (running.length) return { kind: 'function', targets: running };
    if (ts.isMethodSignature(declaration) || ts.isMethodDeclaration(declaration) || ts.isPropertySignature(declaration)) {
      return { kind: 'abstract', targets: this.membersByName.get(declaration.name?.getText()) ?? [] };
    }
    return { kind: 'callback', targets: [] };
  }

  /** The declarations of the same thing that have a body: of overloads the implementation, of a class its constructor. */
  implementationsOf(declaration) {
    const symbol = declaration.symbol ?? (declaration.name && this.checker.getSymbolAtLocation(declaration.name));
    const same = new Set([declaration, ...(symbol?.declarations ?? [])]);
    if (ts.isConstructorDeclaration(declaration)) same.add(declaration.parent);
    if (ts.isClassLike(declaration)) declaration.members.filter(ts.isConstructorDeclaration).forEach(member => same.add(member));
    return [...same].filter(node => ts.isClassLike(node) || (ts.isFunctionLike(node) && node.body));
  }

  path(file) {
    return relative(this.root, file.fileName);
  }

  start(node, file) {
    const { line, character } = file.getLineAndCharacterOfPosition(node.getStart(file));
    return { line: line + 1, column: character };
  }

  describe(node) {
    const file = node.getSourceFile();
    return { file: this.path(file), ...end(node, file), name: node.name?.getText?.() ?? '' };
  }
}

function walk(node, visit) {
  visit(node);
  ts.forEachChild(node, child => walk(child, visit));
}

/** What a node calls; nothing if it is no call. `import()` and `super()` are not asked about. */
function calleeOf(node) {
  if (ts.isTaggedTemplateExpression(node)) return node.tag;
  if (!ts.isCallExpression(node) && !ts.isNewExpression(node)) return undefined;
  const { kind } = node.expression;
  return kind === ts.SyntaxKind.ImportKeyword || kind === ts.SyntaxKind.SuperKeyword ? undefined : node.expression;
}

function end(node, file) {
  const { line, character } = file.getLineAndCharacterOfPosition(node.getEnd());
  return { endLine: line + 1, endColumn: character };
}

const project = process.argv[2];
if (!project) {
  console.error('usage: node oracle.mjs PROJECT');
  process.exit(2);
}
let text = '';
for (const answer of new Oracle(resolve(project)).answers()) {
  text += `${JSON.stringify(answer)}\n`;
  if (text.length > 1 << 20) {
    writeAll(text);
    text = '';
  }
}
writeAll(text);

/** Standard output may be a pipe that takes a part at a time. */
function writeAll(text) {
  let rest = Buffer.from(text);
  while (rest.length) {
    try {
      rest = rest.subarray(writeSync(1, rest));
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
    }
  }
}
