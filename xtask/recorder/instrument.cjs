// Copies programs with every function and every call written so that it says when it runs.
//
//   node instrument.cjs FROM TO [FROM TO …]
//
// FROM is a folder. What runs is recorded by runner.cjs, which gives the functions of `__rec`. Places are those of the
// source before: `TO/places.json` lists functions and sites by their numbers, lines from 1, columns from 0 in UTF-16 units.
'use strict';
const fs = require('node:fs');
const path = require('node:path');
const ts = require('typescript');

const f = ts.factory;
const SOURCE = /\.[cm]?js$/;

function main(pairs) {
  for (let i = 0; i + 1 < pairs.length; i += 2) program(pairs[i], pairs[i + 1]);
}

/** Instruments one program. */
function program(from, to) {
  const places = { functions: [], sites: [] };
  for (const file of filesOf(from, '')) {
    const target = path.join(to, file);
    fs.mkdirSync(path.dirname(target), { recursive: true });
    const text = fs.readFileSync(path.join(from, file), 'utf8');
    fs.writeFileSync(target, SOURCE.test(file) ? instrumented(file, text, places) : text);
  }
  fs.writeFileSync(path.join(to, 'places.json'), JSON.stringify(places));
}

function filesOf(root, folder) {
  const found = [];
  for (const entry of fs.readdirSync(path.join(root, folder), { withFileTypes: true })) {
    const name = folder ? `${folder}/${entry.name}` : entry.name;
    if (entry.isDirectory()) found.push(...filesOf(root, name));
    else found.push(name);
  }
  return found.sort();
}

function instrumented(file, text, places) {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true, ts.ScriptKind.JS);
  const result = ts.transform(source, [context => root => new Transform(file, source, places, context).file(root)]);
  return ts.createPrinter().printFile(result.transformed[0]);
}

const rec = name => f.createPropertyAccessExpression(f.createIdentifier('__rec'), name);
const number = n => f.createNumericLiteral(n);
const call = (name, ...args) => f.createCallExpression(rec(name), undefined, args);
const list = args => f.createArrayLiteralExpression(args);
const thunk = (parameters, body) => f.createArrowFunction(undefined, undefined, parameters, undefined, undefined, body);
const parameter = (name, rest) =>
  f.createParameterDeclaration(undefined, rest ? f.createToken(ts.SyntaxKind.DotDotDotToken) : undefined, name);

class Transform {
  constructor(name, source, places, context) {
    this.name = name;
    this.source = source;
    this.places = places;
    this.context = context;
    /** Number of the innermost function; -1 at the top. */
    this.owner = -1;
    this.visit = this.visit.bind(this);
  }

  file(root) {
    return ts.visitEachChild(root, this.visit, this.context);
  }

  children(node) {
    return ts.visitEachChild(node, this.visit, this.context);
  }

  place(node) {
    const start = this.source.getLineAndCharacterOfPosition(node.getStart(this.source));
    const end = this.source.getLineAndCharacterOfPosition(node.end);
    return {
      file: this.name,
      line: start.line + 1,
      column: start.character,
      endLine: end.line + 1,
      endColumn: end.character,
    };
  }

  site(node, kind) {
    const text = node.getText(this.source).replace(/\s+/g, ' ').slice(0, 60);
    this.places.sites.push({ ...this.place(node), kind, caller: this.owner, text });
    return number(this.places.sites.length - 1);
  }

  visit(node) {
    if (ts.isFunctionLike(node) && node.body) return this.fn(node);
    if (ts.isNewExpression(node)) {
      const args = ts.visitNodes(node.arguments ?? f.createNodeArray(), this.visit);
      const site = this.site(node, 'new');
      return call('construct', site, ts.visitNode(node.expression, this.visit), list(args));
    }
    if (ts.isCallExpression(node)) return this.call(node);
    if (ts.isTaggedTemplateExpression(node)) {
      const site = this.site(node, 'call');
      return call('run', site, thunk([], this.children(node)), list([]));
    }
    if (ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node)) return this.read(node);
    if (
      ts.isBinaryExpression(node) &&
      node.operatorToken.kind === ts.SyntaxKind.EqualsToken &&
      (ts.isPropertyAccessExpression(node.left) || ts.isElementAccessExpression(node.left)) &&
      !isSpecial(node.left)
    ) {
      const site = this.site(node, 'set');
      const object = ts.visitNode(node.left.expression, this.visit);
      return call('write', site, object, this.key(node.left), ts.visitNode(node.right, this.visit));
    }
    return this.children(node);
  }

  /** The name of a member as an expression. */
  key(access) {
    if (ts.isPropertyAccessExpression(access)) return f.createStringLiteral(access.name.text);
    return ts.visitNode(access.argumentExpression, this.visit);
  }

  read(node) {
    const parent = node.parent;
    const isTarget =
      (ts.isBinaryExpression(parent) && parent.left === node && isAssignment(parent.operatorToken.kind)) ||
      ts.isPrefixUnaryExpression(parent) ||
      ts.isPostfixUnaryExpression(parent) ||
      ts.isDeleteExpression(parent) ||
      ((ts.isForInStatement(parent) || ts.isForOfStatement(parent)) && parent.initializer === node) ||
      inPattern(node) ||
      ts.isTaggedTemplateExpression(parent) ||
      ts.isOptionalChain(node) ||
      ts.isHeritageClause(parent.parent ?? parent);
    if (isTarget || isSpecial(node)) return this.children(node);
    const site = this.site(node, 'get');
    return call('read', site, ts.visitNode(node.expression, this.visit), this.key(node));
  }

  call(node) {
    const callee = skipParentheses(node.expression);
    const isPlain =
      callee.kind === ts.SyntaxKind.ImportKeyword ||
      (ts.isIdentifier(callee) && ['require', 'eval'].includes(callee.text)) ||
      (ts.isPropertyAccessExpression(callee) && callee.getText(this.source) === 'require.resolve');
    if (isPlain) return this.children(node);
    const args = list(ts.visitNodes(node.arguments, this.visit));
    const site = this.site(node, 'call');
    const spread = f.createSpreadElement(f.createIdentifier('__r'));
    if (callee.kind === ts.SyntaxKind.SuperKeyword) {
      const body = f.createCallExpression(f.createSuper(), undefined, [spread]);
      return call('run', site, thunk([parameter('__r', true)], body), args);
    }
    if (isMember(callee) && isSpecial(callee)) {
      if (callee.expression.kind === ts.SyntaxKind.SuperKeyword) {
        const body = f.createCallExpression(this.children(callee), undefined, [spread]);
        return call('run', site, thunk([parameter('__r', true)], body), args);
      }
      const object = f.createIdentifier('__t');
      const member = f.createPropertyAccessExpression(object, callee.name);
      const body = f.createCallExpression(member, undefined, [spread]);
      const given = f.createArrayLiteralExpression([ts.visitNode(callee.expression, this.visit), ...args.elements]);
      return call('run', site, thunk([parameter('__t'), parameter('__r', true)], body), given);
    }
    const later = thunk([], args);
    const optional = node.questionDotToken ? f.createTrue() : f.createFalse();
    if (isMember(callee)) {
      const object = ts.visitNode(callee.expression, this.visit);
      const optionalObject = callee.questionDotToken ? f.createTrue() : f.createFalse();
      // `await` and `yield` cannot stand in a thunk.
      const given = hasPause(node.arguments) ? args : later;
      return call('method', site, object, this.key(callee), given, optionalObject, optional);
    }
    const given = hasPause(node.arguments) ? args : later;
    return call('call', site, ts.visitNode(node.expression, this.visit), given, optional);
  }

  fn(node) {
    const id = this.places.functions.length;
    this.places.functions.push({ ...this.place(node), name: node.name?.getText?.(this.source) ?? '' });
    const outer = this.owner;
    this.owner = id;
    const visited = this.children(node);
    this.owner = outer;
    const isGenerator = Boolean(node.asteriskToken);
    const isAsync = node.modifiers?.some(m => m.kind === ts.SyntaxKind.AsyncKeyword);
    const enter = call('enter', number(id));
    if (ts.isArrowFunction(visited) && !ts.isBlock(visited.body)) {
      const body = guarded(enter, [f.createReturnStatement(visited.body)], isAsync);
      return f.updateArrowFunction(
        visited, visited.modifiers, visited.typeParameters, visited.parameters, visited.type,
        visited.equalsGreaterThanToken, body,
      );
    }
    const statements = [...visited.body.statements];
    const directives = [];
    while (statements[0] && ts.isExpressionStatement(statements[0]) && ts.isStringLiteral(statements[0].expression)) {
      directives.push(statements.shift());
    }
    // The body of a generator runs when it is asked for a value: its call is seen where parameters are bound.
    const last = visited.parameters[visited.parameters.length - 1];
    if (isGenerator && !last?.dotDotDotToken) {
      const entered = f.createParameterDeclaration(undefined, undefined, '__g', undefined, undefined, call('generator', number(id)));
      return withBody(visited, f.createBlock([...directives, ...statements], true), [...visited.parameters, entered]);
    }
    const body = guarded(enter, statements, isAsync || isGenerator, directives);
    return withBody(visited, body, visited.parameters);
  }
}

/** A body that says that it is entered, and left unless it may stop in between. */
function guarded(enter, statements, pauses, directives = []) {
  if (pauses) return f.createBlock([...directives, f.createExpressionStatement(enter), ...statements], true);
  const token = f.createVariableStatement(
    undefined,
    f.createVariableDeclarationList([f.createVariableDeclaration('__e', undefined, undefined, enter)], ts.NodeFlags.Const),
  );
  const leave = f.createExpressionStatement(call('leave', f.createIdentifier('__e')));
  const guardedBlock = f.createTryStatement(f.createBlock(statements, true), undefined, f.createBlock([leave], true));
  return f.createBlock([...directives, token, guardedBlock], true);
}

function withBody(node, body, parameters) {
  if (ts.isFunctionDeclaration(node)) {
    return f.updateFunctionDeclaration(node, node.modifiers, node.asteriskToken, node.name, undefined, parameters, undefined, body);
  }
  if (ts.isFunctionExpression(node)) {
    return f.updateFunctionExpression(node, node.modifiers, node.asteriskToken, node.name, undefined, parameters, undefined, body);
  }
  if (ts.isArrowFunction(node)) {
    return f.updateArrowFunction(node, node.modifiers, undefined, parameters, undefined, node.equalsGreaterThanToken, body);
  }
  if (ts.isMethodDeclaration(node)) {
    return f.updateMethodDeclaration(
      node, node.modifiers, node.asteriskToken, node.name, undefined, undefined, parameters, undefined, body,
    );
  }
  if (ts.isConstructorDeclaration(node)) return f.updateConstructorDeclaration(node, node.modifiers, parameters, body);
  if (ts.isGetAccessor(node)) {
    return f.updateGetAccessorDeclaration(node, node.modifiers, node.name, parameters, undefined, body);
  }
  if (ts.isSetAccessor(node)) return f.updateSetAccessorDeclaration(node, node.modifiers, node.name, parameters, body);
  return node;
}

const isMember = node => ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node);

/** Members that cannot be told by object and name: private ones, those of `super`, `import.meta` and `new.target`. */
function isSpecial(node) {
  return (
    node.expression.kind === ts.SyntaxKind.SuperKeyword ||
    ts.isMetaProperty(node.expression) ||
    (ts.isPropertyAccessExpression(node) && ts.isPrivateIdentifier(node.name))
  );
}

const isAssignment = kind => kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment;

/** Whether a member is a target in a destructuring assignment. */
function inPattern(node) {
  let child = node;
  for (let at = node.parent; at; child = at, at = at.parent) {
    if (ts.isBinaryExpression(at) && isAssignment(at.operatorToken.kind)) {
      return at.left === child && (ts.isObjectLiteralExpression(child) || ts.isArrayLiteralExpression(child));
    }
    const goesOn =
      ts.isPropertyAssignment(at) || ts.isObjectLiteralExpression(at) || ts.isArrayLiteralExpression(at) || ts.isSpreadElement(at);
    if (!goesOn) return false;
  }
  return false;
}

function skipParentheses(node) {
  while (ts.isParenthesizedExpression(node)) node = node.expression;
  return node;
}

/** Whether there is an `await` or `yield` of the same function. */
function hasPause(nodes) {
  const find = node =>
    ts.isAwaitExpression(node) || ts.isYieldExpression(node) || (!ts.isFunctionLike(node) && ts.forEachChild(node, find)) || false;
  return nodes.some(find);
}

main(process.argv.slice(2));
