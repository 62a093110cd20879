//go:build !unix

package servers

import (
	"os"
	"time"
)

// Servers are started on Unix only (the guard is a shell program); elsewhere tests use the
// servers that the environment names.

const nobody = 65534

type process struct{ dir string }

func startProcess(string, bool, []string, []string) (*process, error) {
	return nil, missing("servers can't be started on this system: set DATELINE_KAFKA and DATELINE_ELASTICSEARCH")
}

func (p *process) stop(bool) error { return nil }
func (p *process) kill() error     { return nil }
func (p *process) exited() bool    { return true }

func waitReady(limit time.Duration, _ *process, ready func() error) error {
	deadline := time.Now().Add(limit)
	for {
		err := ready()
		if err == nil || time.Now().After(deadline) {
			return err
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func freePorts(int) ([]int, error) {
	return nil, missing("servers can't be started on this system: set DATELINE_KAFKA and DATELINE_ELASTICSEARCH")
}

func local(int) string { return "" }

func lock(string) (func(), error) { return func() {}, nil }

func ownedByUs(os.FileInfo) bool { return true }
