package pipelinetest

import (
	"fmt"
	"net/http"
	"os"
	"testing"

	"github.com/segmentio/kafka-go"
	"go.uber.org/goleak"
)

// Main runs a package's tests, for its TestMain, and fails where a goroutine outlives them. The shared
// servers of package servers, which end with the process, don't count.
func Main(m *testing.M) {
	code := m.Run()
	// The tests' own clients keep connections.
	http.DefaultClient.CloseIdleConnections()
	if t, ok := kafka.DefaultTransport.(*kafka.Transport); ok {
		t.CloseIdleConnections()
	}
	if code == 0 {
		if err := leaks(); err != nil {
			fmt.Fprintln(os.Stderr, "goroutines outlive the tests:", err)
			code = 1
		}
	}
	os.Exit(code)
}

// leaks waits some seconds for goroutines to end: a request to Kafka that is waiting for messages takes one.
func leaks() (err error) {
	for range 10 { // each waits for up to half a second
		err = goleak.Find(
			// A shared server's process is waited for until the end.
			goleak.IgnoreAnyFunction("github.com/datelinenews/dateline/pipeline/pipelinetest/servers.startProcess.func1"),
			goleak.IgnoreAnyFunction("os/exec.(*Cmd).Start.func2"),
			// bleve starts these when it is loaded.
			goleak.IgnoreAnyFunction("github.com/blevesearch/bleve_index_api.AnalysisWorker"),
		)
		if err == nil {
			return nil
		}
	}
	return err
}
