// A client of the RFDB protocol over a Unix socket: frames of a big-endian length and one MessagePack value,
// answers matched by requestId and otherwise in order, streamed answers of queryNodes, batches of its own.
import net from 'node:net';
import { EventEmitter } from 'node:events';
import { decode, encode } from '@msgpack/msgpack';

const CHUNK_ROWS = 10_000;

export class RfdbError extends Error {
  constructor(message, code) {
    super(message);
    this.code = code;
  }
}

export class Client extends EventEmitter {
  #socket;
  #pending = new Map();
  #next = 0;
  #received = Buffer.alloc(0);
  #timeout;
  streaming = false;
  closed = false;

  constructor(timeout = 60_000) {
    super();
    this.#timeout = timeout;
  }

  static connect(path, timeout) {
    const client = new Client(timeout);
    return new Promise((resolve, reject) => {
      client.#socket = net.createConnection(path);
      client.#socket.once('error', reject);
      client.#socket.once('connect', () => {
        client.#socket.off('error', reject);
        client.#socket.on('error', (error) => client.#fail(error));
        resolve(client);
      });
      client.#socket.on('data', (bytes) => client.#data(bytes));
      client.#socket.on('close', () => client.#fail(new Error('Connection closed')));
    });
  }

  #fail(error) {
    this.closed = true;
    for (const { reject, timer } of this.#pending.values()) {
      clearTimeout(timer);
      reject(error);
    }
    this.#pending.clear();
    this.emit('closed');
  }

  #data(bytes) {
    this.#received = Buffer.concat([this.#received, bytes]);
    while (this.#received.length >= 4) {
      const length = this.#received.readUInt32BE(0);
      if (this.#received.length < 4 + length) return;
      const frame = this.#received.subarray(4, 4 + length);
      this.#received = this.#received.subarray(4 + length);
      this.#answer(decode(frame));
    }
  }

  #answer(answer) {
    const id = answer.requestId ?? this.#pending.keys().next().value;
    const pending = this.#pending.get(id);
    if (!pending) {
      this.emit('stray', answer);
      return;
    }
    if (!answer.error && pending.stream && 'done' in answer) {
      pending.nodes.push(...answer.nodes);
      pending.chunks.push(answer.chunkIndex);
      if (!answer.done) return;
      answer = { nodes: pending.nodes, chunks: pending.chunks };
    }
    this.#pending.delete(id);
    clearTimeout(pending.timer);
    if (answer.error) pending.reject(new RfdbError(answer.error, answer.code));
    else pending.resolve(answer);
  }

  /** Writes bytes as a frame, whatever they are. */
  sendRaw(content) {
    const header = Buffer.alloc(4);
    header.writeUInt32BE(content.length);
    this.#socket.write(Buffer.concat([header, content]));
  }

  /** Expects an answer to what `sendRaw` sent; it has no id of its own. */
  expect(id = `raw${this.#next++}`, stream = false) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#pending.delete(id);
        reject(new Error(`RFDB ${id} timed out after ${this.#timeout}ms`));
      }, this.#timeout);
      this.#pending.set(id, { resolve, reject, timer, stream, nodes: [], chunks: [] });
    });
  }

  /** Sends a request without waiting for the answers to those before it. */
  call(cmd, fields = {}) {
    if (this.closed) return Promise.reject(new Error('Connection closed'));
    const id = `r${this.#next++}`;
    const answer = this.expect(id, cmd === 'queryNodes' && this.streaming);
    this.sendRaw(encode({ requestId: id, cmd, ...fields }));
    return answer;
  }

  async hello(protocolVersion = 3) {
    const answer = await this.call('hello', { protocolVersion });
    this.streaming = answer.features.includes('streaming');
    return answer;
  }

  batch() {
    return new Batch(this);
  }

  close() {
    this.#socket.destroy();
  }
}

/** Nodes and edges of a commit. Several may be filled at once on one client. */
export class Batch {
  #client;
  #nodes = [];
  #edges = [];
  #files = new Set();

  constructor(client) {
    this.#client = client;
  }

  addNode(node, file = node.file) {
    this.#nodes.push(node);
    if (file) this.#files.add(file);
    return this;
  }

  addEdge(edge) {
    this.#edges.push(edge);
    return this;
  }

  addFile(file) {
    this.#files.add(file);
    return this;
  }

  async commit({ tags, deferIndex, protectedTypes } = {}) {
    const sum = {
      changedFiles: [], nodesAdded: 0, nodesRemoved: 0, edgesAdded: 0, edgesRemoved: 0,
      changedNodeTypes: [], changedEdgeTypes: [],
    };
    const chunks = Math.max(1, Math.ceil(Math.max(this.#nodes.length, this.#edges.length) / CHUNK_ROWS));
    for (let chunk = 0; chunk < chunks; chunk++) {
      const rows = (list) => list.slice(chunk * CHUNK_ROWS, (chunk + 1) * CHUNK_ROWS);
      const { delta } = await this.#client.call('commitBatch', {
        changedFiles: chunk === 0 ? [...this.#files] : [],
        nodes: rows(this.#nodes),
        edges: rows(this.#edges),
        tags,
        ...(deferIndex ? { deferIndex: true } : {}),
        ...(chunk === 0 && protectedTypes ? { protectedTypes } : {}),
      });
      for (const key of ['nodesAdded', 'nodesRemoved', 'edgesAdded', 'edgesRemoved']) sum[key] += delta[key];
      for (const key of ['changedFiles', 'changedNodeTypes', 'changedEdgeTypes']) {
        sum[key] = [...new Set([...sum[key], ...delta[key]])];
      }
    }
    this.abort();
    return sum;
  }

  abort() {
    this.#nodes = [];
    this.#edges = [];
    this.#files = new Set();
  }
}
