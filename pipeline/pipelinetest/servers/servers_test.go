package servers

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
)

func topics(t *testing.T, addr string) int {
	t.Helper()
	conn, err := kafka.Dial("tcp", addr)
	if err != nil {
		t.Fatalf("dial: %v", err)
	}
	defer conn.Close() // nothing was written
	partitions, err := conn.ReadPartitions()
	if err != nil {
		t.Fatalf("list topics: %v", err)
	}
	return len(partitions)
}

func TestStartKafka(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("several starts of a JVM")
	}
	b := StartKafka(t, KafkaOptions{})
	c := &kafka.Client{Addr: kafka.TCP(b.Addr), Transport: &kafka.Transport{}}
	res, err := c.CreateTopics(t.Context(), &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{{Topic: "kept", NumPartitions: 1, ReplicationFactor: 1}}})
	if err := errors.Join(err, res.Errors["kept"]); err != nil {
		t.Fatalf("create topic: %v", err)
	}
	for _, end := range []func(testing.TB){b.Stop, b.Kill} {
		addr := b.Addr
		end(t)
		if err := waitKafka(addr, 0, nil); err == nil {
			t.Fatal("the broker answers after its end")
		}
		b.Start(t)
		if got := topics(t, addr); got != 1 {
			t.Fatalf("%d topics after the restart, want 1", got)
		}
	}
}

func TestStartElasticsearch(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("several starts of a JVM")
	}
	n := StartElasticsearch(t, ElasticsearchOptions{Password: "secret-enough"})
	status := func(password string) int {
		req, err := http.NewRequest(http.MethodGet, n.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.SetBasicAuth("elastic", password)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if err := res.Body.Close(); err != nil {
			t.Fatal(err)
		}
		return res.StatusCode
	}
	check := func() {
		t.Helper()
		if got := status("secret-enough"); got != http.StatusOK {
			t.Errorf("status %d with the password, want 200", got)
		}
		if got := status("wrong-password"); got != http.StatusUnauthorized {
			t.Errorf("status %d with a wrong password, want 401", got)
		}
	}
	check()
	n.Stop(t)
	n.Start(t)
	check()
}

func TestShared(t *testing.T) {
	t.Parallel()
	if a, b := Kafka(t), Kafka(t); a != b {
		t.Errorf("two brokers, %s and %s, want one", a, b)
	}
	if a, b := Elasticsearch(t), Elasticsearch(t); a != b {
		t.Errorf("two nodes, %s and %s, want one", a, b)
	}
}

func TestName(t *testing.T) {
	if a, b := Name("x"), Name("x"); a == b || !strings.HasPrefix(a, "x-") {
		t.Errorf("Name gave %q and %q", a, b)
	}
}

// A test process that is killed leaves no server and no folder behind.
func TestKilledProcess(t *testing.T) {
	if os.Getenv("DATELINE_TEST_VICTIM") == "1" {
		b := StartKafka(t, KafkaOptions{})
		fmt.Println("VICTIM", b.Addr, b.dir)
		select {} // until killed
	}
	t.Parallel()
	need(t, "Kafka", func() error { _, err := findJava(); return err }())
	cmd := exec.Command(os.Args[0], "-test.run=^TestKilledProcess$")
	cmd.Env = append(os.Environ(), "DATELINE_TEST_VICTIM=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var addr, dir string
	lines := bufio.NewScanner(out)
	for addr == "" && lines.Scan() {
		_, _ = fmt.Sscanf(lines.Text(), "VICTIM %s %s", &addr, &dir) // other lines do not matter
	}
	if addr == "" {
		_ = cmd.Wait() // it has ended
		need(t, "Kafka", missing("the other process could not start it"))
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		_, err := os.Stat(dir)
		if errors.Is(err, fs.ErrNotExist) && waitKafka(addr, 0, nil) != nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("30 s after the kill the broker's folder is still there (%v), or it answers", err)
		}
	}
}

// What ends a test without a server depends on DATELINE_REQUIRE_SERVERS.
func TestNeed(t *testing.T) {
	for _, c := range []struct {
		require       string
		err           error
		skips, failed bool
	}{
		{"", nil, false, false},
		{"", missing("no Java"), true, false},
		{"1", missing("no Java"), false, true},
		{"", errors.New("it ended while starting"), false, true},
		{"", fmt.Errorf("wrapped: %w", missing("no Maven")), true, false},
	} {
		t.Setenv("DATELINE_REQUIRE_SERVERS", c.require)
		r := &recorder{TB: t}
		done := make(chan struct{})
		go func() { // a test's end ends its goroutine
			defer close(done)
			need(r, "Kafka", c.err)
		}()
		<-done
		if r.skipped != c.skips || r.failed != c.failed {
			t.Errorf("%v with %q: skipped %t, failed %t", c.err, c.require, r.skipped, r.failed)
		}
	}
}

// recorder is a test that notes how it ends.
type recorder struct {
	testing.TB
	skipped, failed bool
}

func (r *recorder) Helper() {}

func (r *recorder) Skipf(string, ...any) {
	r.skipped = true
	runtime.Goexit()
}

func (r *recorder) Fatalf(string, ...any) {
	r.failed = true
	runtime.Goexit()
}

// Many that want a folder at once get one, filled once, and nobody sees it half filled.
func TestFetch(t *testing.T) {
	name := Name("test")
	cache, err := cacheDir()
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() {
		for _, suffix := range []string{"", ".lock", ".partial"} {
			if err := os.RemoveAll(filepath.Join(cache, name+suffix)); err != nil {
				t.Error(err)
			}
		}
	})
	broken := errors.New("the network is gone")
	if _, err := fetch(name, "1 B", func(string) error { return broken }); !errors.Is(err, broken) {
		t.Fatalf("error %v, want %v", err, broken)
	}
	var fills atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			dir, err := fetch(name, "1 B", func(dir string) error {
				fills.Add(1)
				time.Sleep(50 * time.Millisecond)
				return os.WriteFile(filepath.Join(dir, "jar"), []byte("x"), 0o600)
			})
			if err != nil {
				t.Error(err)
				return
			}
			if fi, err := os.Stat(filepath.Join(dir, "jar")); err != nil || fi.Mode().Perm()&0o044 != 0o044 {
				t.Errorf("%v, %v, want a file that all may read", fi, err)
			}
		})
	}
	wg.Wait()
	if n := fills.Load(); n != 1 {
		t.Errorf("filled %d times, want once", n)
	}
}
