//go:build unix

package servers

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// nobody is the user and group that servers run as where the tests run as root.
const nobody = 65534

// guard is the shell program around each server. Its standard input is a pipe whose other end the
// test process holds: when that process ends, however it ends, the pipe does too, and the guard
// stops the server and removes its folder. The word "keep" on the pipe stops the server and keeps
// the folder, for a later start. No polling, no signal handler in the tests, nothing to call at
// their end.
const guard = `
dir=$1; shift
exec 3<&0 </dev/null
rm -f "$dir/stopped"
"$@" 3<&- & server=$!
( word=; read -r word <&3; echo "$word" >"$dir/stopped"
  kill -TERM $server; i=0
  while kill -0 $server && [ $i -lt 200 ]; do sleep 0.1; i=$((i+1)); done
  kill -KILL $server ) 2>/dev/null & watcher=$!
wait $server
kill $watcher 2>/dev/null
if [ -e "$dir/stopped" ] && [ "$(cat "$dir/stopped")" != keep ]; then cd / && rm -rf "$dir"; fi
`

// process is a running server inside its guard.
type process struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
	dir   string
	done  chan struct{} // closed when the guard has exited
}

// startProcess starts argv in dir, as nobody where asNobody. Its output goes to dir/server.log.
func startProcess(dir string, asNobody bool, env, argv []string) (*process, error) {
	log, err := os.OpenFile(filepath.Join(dir, "server.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open server log: %w", err)
	}
	defer log.Close() // the server has its own descriptor
	cmd := exec.Command("/bin/sh", append([]string{"-c", guard, "guard", dir}, argv...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = log, log
	// A group of its own: Kill reaches the children too, and Ctrl-C reaches only the tests.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if asNobody {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
	}
	p := &process{cmd: cmd, dir: dir, done: make(chan struct{})}
	if p.stdin, err = cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("open the guard's pipe: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", argv[0], err)
	}
	go func() {
		defer close(p.done)
		_ = cmd.Wait() // how a server ends is of no interest; that it ended is
	}()
	return p, nil
}

// stop ends the server in order (SIGTERM, after 20 s SIGKILL) and waits for it. Its folder goes,
// unless keep.
func (p *process) stop(keep bool) error {
	if keep {
		if _, err := io.WriteString(p.stdin, "keep\n"); err != nil && !errors.Is(err, syscall.EPIPE) && !errors.Is(err, os.ErrClosed) {
			return fmt.Errorf("stop server: %w", err)
		}
	}
	_ = p.stdin.Close() // already closed where the guard has exited
	select {
	case <-p.done:
		return nil
	case <-time.After(30 * time.Second):
		return errors.Join(errors.New("the server did not stop in 30 s"), p.kill())
	}
}

// kill ends the server and its children at once (SIGKILL) and keeps its folder.
func (p *process) kill() error {
	if err := syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("kill server: %w", err)
	}
	<-p.done
	_ = p.stdin.Close()
	return nil
}

// exited says whether the server has ended.
func (p *process) exited() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// logTail returns the last lines of the server's log in dir.
func logTail(dir string) string {
	b, err := os.ReadFile(filepath.Join(dir, "server.log"))
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	return strings.Join(lines[max(0, len(lines)-40):], "\n")
}

// waitReady calls ready every 100 ms until it returns nil, for at most limit; p, where not nil, is
// the server's process, whose end ends the wait.
func waitReady(limit time.Duration, p *process, ready func() error) error {
	deadline := time.Now().Add(limit)
	for {
		err := ready()
		switch {
		case err == nil:
			return nil
		case p != nil && p.exited():
			return fmt.Errorf("the server ended while starting; the end of its log:\n%s", logTail(p.dir))
		case time.Now().After(deadline) && p != nil:
			return fmt.Errorf("not ready in %v (%w); the end of its log:\n%s", limit, err, logTail(p.dir))
		case time.Now().After(deadline):
			return fmt.Errorf("not ready in %v: %w", limit, err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// freePorts returns n TCP ports of 127.0.0.1 that nobody listens on. Another process may take one
// before its use; a start that fails so is rare, and its log says why.
func freePorts(n int) ([]int, error) {
	ports := make([]int, 0, n)
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("find a free port: %w", err)
		}
		defer l.Close() // held until all are found, so that they differ
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}

// local is the address of a port of this machine.
func local(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// lock takes the lock file at path, waiting for other processes to give it up, and returns a
// function that gives it back. The system gives it back where the process dies.
func lock(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open lock: %w", err)
	}
	for {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("take lock %s: %w", path, err), f.Close())
	}
	return func() { _ = f.Close() }, nil
}

// ownedByUs says whether only this user can have made the file.
func ownedByUs(fi os.FileInfo) bool {
	s, ok := fi.Sys().(*syscall.Stat_t)
	return ok && int(s.Uid) == os.Getuid()
}
