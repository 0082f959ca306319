// Runs against a server: node test.mjs <socket>
import assert from 'node:assert/strict';
import { encode } from '@msgpack/msgpack';
import { Client } from './client.mjs';

const socket = process.argv[2];
const tests = [];
const test = (name, body) => tests.push([name, body]);
let databases = 0;

/** A client on a database of its own, as the unit tests of old clients make it. */
async function fresh(version = 2) {
  const client = await Client.connect(socket, 20_000);
  await client.call('ping');
  await client.hello(version);
  const name = `test-${Date.now()}-${databases++}`;
  assert.deepEqual(await client.call('createDatabase', { name, ephemeral: true }).then(({ databaseId }) => databaseId), name);
  const opened = await client.call('openDatabase', { name, mode: 'rw' });
  assert.equal(opened.nodeCount, 0);
  return client;
}

const fails = (promise, code) => assert.rejects(promise, (error) => (assert.equal(error.code, code), true));

test('handshake', async () => {
  const client = await Client.connect(socket);
  const hello = await client.hello(3);
  assert.equal(hello.protocolVersion, 3);
  assert.deepEqual(hello.features, ['multiDatabase', 'ephemeral', 'semanticIds', 'streaming']);
  const pong = await client.call('ping');
  assert.equal(pong.pong, true);
  assert.ok(typeof pong.version === 'string' && pong.version.length > 0);
  client.close();
});

test('nodes and edges', async () => {
  const client = await fresh(3);
  await client.call('addNodes', { nodes: [
    { id: 'a', semanticId: 'a', nodeType: 'FUNCTION', name: 'f', file: 'x.js', exported: true, metadata: JSON.stringify({ line: 1 }) },
    { id: 'b', semanticId: 'b', nodeType: 'FUNCTION', name: 'g', file: 'x.js', exported: false, metadata: undefined },
  ] });
  await client.call('addEdges', { edges: [{ src: 'a', dst: 'b', edgeType: 'CALLS', metadata: '{"k":1}' }], skipValidation: true });
  const { node } = await client.call('getNode', { id: 'a' });
  assert.equal(node.id, '216574666740290548698916528555046172183');
  assert.deepEqual(JSON.parse(node.metadata), { line: 1 });
  assert.equal((await client.call('getNode', { id: node.id })).node.semanticId, 'a');
  assert.equal((await client.call('getNode', { id: 'zzz' })).node, null);
  const { edges } = await client.call('getOutgoingEdges', { id: 'a', edgeTypes: null });
  assert.deepEqual(edges, [{ src: 'a', dst: 'b', edgeType: 'CALLS', metadata: '{"k":1}' }]);
  assert.deepEqual((await client.call('findByAttr', { query: { line: 1 } })).ids, [node.id]);
  assert.deepEqual((await client.call('findByType', { nodeType: 'FUN*' })).ids.length, 2);
  assert.deepEqual((await client.call('countNodesByType', { types: undefined })).counts, { FUNCTION: 2 });
  assert.deepEqual((await client.call('bfs', { startIds: ['a'], maxDepth: 5, edgeTypes: [] })).ids.length, 2);
  await client.call('deleteNode', { id: 'b' });
  assert.equal((await client.call('edgeCount')).count, 0);
  client.close();
});

test('datalog', async () => {
  const client = await fresh();
  await client.call('addNodes', { nodes: ['f', 'g', 'h'].map((id) => ({ id, semanticId: id, nodeType: 'FUNCTION', name: id, file: 'x.js' })) });
  await client.call('addEdges', { edges: [{ src: 'f', dst: 'g', edgeType: 'CALLS' }, { src: 'g', dst: 'f', edgeType: 'CALLS' }], skipValidation: true });
  const { node } = await client.call('getNode', { id: 'h' });
  const ruleSource = 'violation(X) :- node(X, "FUNCTION"), \\+ edge(_, X, "CALLS").';
  const { violations } = await client.call('checkGuarantee', { ruleSource });
  assert.deepEqual(violations, [{ bindings: { X: node.id } }]);
  const { results } = await client.call('datalogQuery', { query: 'edge(X, Y, "CALLS"), attr(Y, "name", "g")' });
  assert.equal(results.length, 1);
  const source = 'r(X, Y) :- edge(X, Y, "CALLS"). r(X, Y) :- r(X, Z), r(Z, Y).';
  assert.equal((await client.call('executeDatalog', { source })).results.length, 4);
  assert.equal((await client.call('datalogLoadRules', { source })).count, 2);
  const explained = await client.call('executeDatalog', { source, explain: true });
  for (const key of ['bindings', 'stats', 'profile', 'explainSteps', 'warnings']) assert.ok(key in explained);
  await fails(client.call('datalogQuery', { query: 'node(X' }), 'DATALOG_ERROR');
  client.close();
});

test('streaming', async () => {
  const client = await fresh(3);
  const nodes = Array.from({ length: 1201 }, (_, index) => ({ id: `n${index}`, nodeType: 'T' }));
  await client.call('addNodes', { nodes });
  const [streamed, behind] = await Promise.all([client.call('queryNodes', { query: {} }), client.call('nodeCount')]);
  assert.equal(new Set(streamed.nodes.map(({ id }) => id)).size, 1201);
  assert.deepEqual(streamed.chunks, [0, 1, 2]);
  assert.equal(behind.count, 1201);
  const small = await client.call('queryNodes', { query: { name: 'none' } });
  assert.deepEqual(small.nodes, []);
  assert.equal(small.chunks, undefined);
  client.close();
});

test('batches are kept apart and chunked', async () => {
  const client = await fresh(2);
  const one = client.batch();
  const two = client.batch();
  for (let index = 0; index < 50; index++) {
    one.addNode({ id: `one${index}`, file: 'one.js', nodeType: 'T' });
    two.addNode({ id: `two${index}`, file: 'two.js', nodeType: 'T' });
  }
  const [delta] = await Promise.all([one.commit(), two.commit({ tags: ['x'], deferIndex: true })]);
  assert.deepEqual(delta, {
    changedFiles: ['one.js'], nodesAdded: 50, nodesRemoved: 0, edgesAdded: 0, edgesRemoved: 0,
    changedNodeTypes: ['T'], changedEdgeTypes: [],
  });
  await client.call('rebuildIndexes');
  assert.equal((await client.call('findByAttr', { query: { file: 'two.js' } })).ids.length, 50);

  const large = client.batch();
  for (let index = 0; index < 20_001; index++) {
    large.addNode({ id: `l${index}`, file: 'l.js', nodeType: 'L' });
    large.addEdge({ src: `l${index}`, dst: `l${(index + 15_000) % 20_001}`, edgeType: 'E' });
  }
  const sum = await large.commit();
  assert.deepEqual([sum.nodesAdded, sum.edgesAdded], [20_001, 20_001]);
  assert.equal((await client.call('nodeCount')).count, 20_101);
  assert.equal((await client.call('edgeCount')).count, 20_001);
  const again = await client.batch().addFile('l.js').commit();
  assert.deepEqual([again.nodesRemoved, again.edgesRemoved], [20_001, 20_001]);
  assert.equal((await client.call('nodeCount')).count, 100);
  client.close();
});

test('protected types', async () => {
  const client = await fresh(2);
  await client.batch().addNode({ id: 'm', nodeType: 'MODULE', file: 'a.js' }).addNode({ id: 'f', nodeType: 'FUNCTION', file: 'a.js' }).commit();
  const delta = await client.batch().addFile('a.js').commit({ protectedTypes: ['MODULE'] });
  assert.equal(delta.nodesRemoved, 1);
  assert.equal((await client.call('nodeExists', { id: 'm' })).value, true);
  client.close();
});

test('isolation and automatic removal', async () => {
  const one = await fresh();
  const two = await fresh();
  await one.call('addNodes', { nodes: [{ id: 'x' }] });
  assert.equal((await two.call('nodeCount')).count, 0);
  const { database } = await one.call('currentDatabase');
  one.close();
  for (let attempt = 0; ; attempt++) {
    const { databases } = await two.call('listDatabases');
    if (!databases.some(({ name }) => name === database)) break;
    assert.ok(attempt < 200, 'the database stays');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  two.close();
});

test('errors carry text and code', async () => {
  const client = await fresh();
  await fails(client.call('openDatabase', { name: 'never' }), 'DATABASE_NOT_FOUND');
  await fails(client.call('nodeCount'), 'NO_DATABASE_SELECTED');
  await fails(client.call('createDatabase', { name: 'a b' }), 'INVALID_DATABASE_NAME');
  await fails(client.call('noSuchCommand'), 'INVALID_REQUEST');
  await client.call('openDatabase', { name: 'default', mode: 'ro' });
  await fails(client.call('clear'), 'READ_ONLY_MODE');
  await fails(client.call('cypherQuery', { query: 'MATCH (n) RETURN n' }), 'NOT_SUPPORTED');
  client.close();
});

test('an answer without an id goes to the oldest request', async () => {
  const client = await fresh();
  const first = client.expect();
  client.sendRaw(Buffer.from([0xc1]));
  await fails(first, 'INVALID_REQUEST');
  const second = client.expect();
  client.sendRaw(Buffer.concat([encode({ cmd: 'ping' }), Buffer.from('trailing')]));
  assert.equal((await second).pong, true);
  // Buffers are encoded as bin.
  await client.call('addNodes', { nodes: [{ id: Buffer.from('bin'), name: Buffer.from('näme') }] });
  assert.equal((await client.call('getNodeIdentifier', { id: 'bin' })).identifier, 'näme');
  client.close();
});

test('thousands of requests ahead', async () => {
  const client = await fresh();
  await client.call('addNodes', { nodes: [{ id: 'x', name: 'y' }] });
  const answers = await Promise.all(Array.from({ length: 5000 }, () => client.call('getNode', { id: 'x' })));
  assert.ok(answers.every(({ node }) => node.name === 'y'));
  client.close();
});

for (const [name, body] of tests) {
  try {
    await body();
    console.log(`ok ${name}`);
  } catch (error) {
    console.error(`FAILED ${name}\n${error.stack}`);
    process.exit(1);
  }
}
process.exit(0);
