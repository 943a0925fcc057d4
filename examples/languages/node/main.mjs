// Asks a server for the sum of two numbers, and sends it a message:
//
//     node main.mjs unix:///tmp/calc.sock 10 20    # 30
//     node main.mjs unix:///tmp/upper.sock hello   # HELLO
//
// $CALC_IPC_LIBRARY is the path of the shared library, where the system does not find it by its name. Calls run in koffi's threads, and
// the event loop goes on. An error has the text of its status: calc_ipc_last_error() is that of the thread that called.
import koffi from 'koffi';
import { promisify } from 'node:util';

const library = koffi.load(process.env.CALC_IPC_LIBRARY ?? 'libcalc_ipc.so.0');

koffi.opaque('calc_ipc_client');
koffi.struct('calc_ipc_request', { operation: 'int32_t', arg1: 'int64_t', arg2: 'int64_t' });
koffi.struct('calc_ipc_response', { success: 'bool', result: 'int64_t', error: koffi.array('char', 256) });
const Options = koffi.struct('calc_ipc_client_options', {
  size: 'size_t',
  connect_timeout_ms: 'uint32_t',
  call_timeout_ms: 'uint32_t',
  max_message: 'uint32_t',
  spin_us: 'uint32_t',
  server_uid: 'uint32_t',
  connections: 'uint32_t',
  reconnect: 'uint32_t',
  reserved: 'uint32_t',
});

const statusMessage = library.func('const char *calc_ipc_status_message(int32_t status)');
const lastError = library.func('const char *calc_ipc_last_error()');
const optionsInit = library.func('void calc_ipc_client_options_init(_Out_ calc_ipc_client_options *options, size_t size)');
const create = library.func(
  'int32_t calc_ipc_client_create(const char *url, const calc_ipc_client_options *options, _Out_ calc_ipc_client **out)');
const call = library.func(
  'int32_t calc_ipc_client_call(calc_ipc_client *client, const calc_ipc_request *request, _Out_ calc_ipc_response *response)');
const callBytes = library.func('int32_t calc_ipc_client_call_bytes(calc_ipc_client *client, const uint8_t *request, size_t length, ' +
  '_Out_ uint8_t *response, size_t capacity, _Out_ size_t *response_length)');
const destroy = library.func('void calc_ipc_client_destroy(calc_ipc_client *client)');

const ADD = 0;

class IpcError extends Error {
  constructor(status, text = statusMessage(status)) {
    super(text);
    this.status = status;
  }
}

// A connection to a server behind any transport. As many calls as there are connections go on at once; others wait.
class Client {
  constructor(url, { connections = 4 } = {}) {
    const options = {};
    optionsInit(options, koffi.sizeof(Options));
    const out = [null];
    const status = create(url, { ...options, connections }, out);
    if (status !== 0) {
      throw new IpcError(status, lastError()); // no other thread: the text that says more
    }
    this.handle = out[0];
    this.limit = options.max_message;
  }

  // Asks a calculator. Numbers beyond 2^53 are given and taken as BigInt.
  async add(arg1, arg2) {
    const response = {};
    const status = await promisify(call.async)(this.handle, { operation: ADD, arg1, arg2 }, response);
    if (status !== 0) {
      throw new IpcError(status);
    }
    if (!response.success) {
      throw new IpcError(status, response.error); // as of an overflow
    }
    return response.result;
  }

  // Sends a message of your own, and gives the answer.
  async call(message) {
    const answer = Buffer.alloc(this.limit);
    const length = [0];
    const status = await promisify(callBytes.async)(this.handle, message, message.length, answer, answer.length, length);
    if (status !== 0) {
      throw new IpcError(status);
    }
    return answer.subarray(0, Number(length[0]));
  }

  // Frees it, after all calls.
  close() {
    destroy(this.handle);
    this.handle = null;
  }
}

const [url, ...rest] = process.argv.slice(2);
if (rest.length < 1 || rest.length > 2) {
  console.error('usage: URL NUMBER NUMBER | URL MESSAGE');
  process.exit(2);
}
try {
  const client = new Client(url);
  try {
    console.log(rest.length === 1 ? (await client.call(Buffer.from(rest[0]))).toString() : `${await client.add(...rest.map(BigInt))}`);
  } finally {
    client.close();
  }
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
