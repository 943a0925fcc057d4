// Asks a server for the sum of two numbers, and sends it a message:
//
//	go run . unix:///tmp/calc.sock 10 20    # 30
//	go run . unix:///tmp/upper.sock hello   # HELLO
//
// pkg-config says where the installed calc_ipc is. A Client may be used by any goroutines: each call takes a connection for itself.
package main

/*
#cgo pkg-config: calc_ipc
#include <calc_ipc.h>
#include <stdlib.h>
*/
import "C"

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"time"
	"unsafe"
)

// Error is why a call failed: a status of calc_ipc.h, and the library's text.
type Error struct {
	Status      int32
	Text        string
	NotExecuted bool // the request certainly reached no handler
}

func (e *Error) Error() string { return e.Text }

// attempt runs a call of the library's and reads its error, which is that of the thread: the goroutine must not move in between.
func attempt(call func() C.calc_ipc_status) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	status := call()
	if status == C.CALC_IPC_STATUS_OK {
		return nil
	}
	return &Error{int32(status), C.GoString(C.calc_ipc_last_error()), bool(C.calc_ipc_last_not_executed())}
}

// Client is a connection to a server behind any transport. Close frees it, after all calls.
type Client struct {
	handle *C.calc_ipc_client
	limit  C.uint32_t
}

// Connect connects to the server at a URL. As many calls as there are connections go on at once; others wait.
func Connect(url string, connections uint32) (*Client, error) {
	text := C.CString(url)
	defer C.free(unsafe.Pointer(text))
	var options C.calc_ipc_client_options
	C.calc_ipc_client_options_init(&options, C.sizeof_calc_ipc_client_options)
	options.connections = C.uint32_t(connections)
	var handle *C.calc_ipc_client
	err := attempt(func() C.calc_ipc_status { return C.calc_ipc_client_create(text, &options, &handle) })
	if err != nil {
		return nil, err
	}
	return &Client{handle, options.max_message}, nil
}

// Close closes the connections.
func (c *Client) Close() {
	C.calc_ipc_client_destroy(c.handle)
	c.handle = nil
}

// Add asks a calculator.
func (c *Client) Add(a, b int64) (int64, error) {
	request := C.calc_ipc_request{operation: C.CALC_IPC_OPERATION_ADD, arg1: C.int64_t(a), arg2: C.int64_t(b)}
	var response C.calc_ipc_response
	err := attempt(func() C.calc_ipc_status { return C.calc_ipc_client_call(c.handle, &request, &response) })
	if err == nil && !bool(response.success) {
		err = &Error{Text: C.GoString(&response.error[0])} // as of an overflow
	}
	return int64(response.result), err
}

// Call sends a message of your own, and gives the answer.
func (c *Client) Call(message []byte, timeout time.Duration) ([]byte, error) {
	answer := make([]byte, c.limit)
	var start *C.uint8_t // NULL is fine for a message that is empty
	if len(message) > 0 {
		start = (*C.uint8_t)(unsafe.Pointer(&message[0]))
	}
	var length C.size_t
	err := attempt(func() C.calc_ipc_status {
		return C.calc_ipc_client_call_bytes_within(c.handle, C.uint32_t(timeout.Milliseconds()), start, C.size_t(len(message)),
			(*C.uint8_t)(unsafe.Pointer(&answer[0])), C.size_t(len(answer)), &length)
	})
	if err != nil {
		return nil, err
	}
	return answer[:length], nil
}

func run(arguments []string) error {
	if len(arguments) < 2 || len(arguments) > 3 {
		return fmt.Errorf("usage: URL NUMBER NUMBER | URL MESSAGE")
	}
	client, err := Connect(arguments[0], 4)
	if err != nil {
		return err
	}
	defer client.Close()
	if len(arguments) == 2 {
		answer, err := client.Call([]byte(arguments[1]), 5*time.Second)
		if err == nil {
			fmt.Println(string(answer))
		}
		return err
	}
	a, errA := strconv.ParseInt(arguments[1], 10, 64)
	b, errB := strconv.ParseInt(arguments[2], 10, 64)
	if errA != nil || errB != nil {
		return fmt.Errorf("%s and %s have to be numbers of 64 bits", arguments[1], arguments[2])
	}
	sum, err := client.Add(a, b)
	if err == nil {
		fmt.Println(sum)
	}
	return err
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
