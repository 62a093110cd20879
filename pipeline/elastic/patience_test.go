package elastic

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/datelinenews/dateline/pipeline/pipelinetest/servers"
)

// refusing lets a request through only when it comes for the third time; before that there is no
// connection, then the cluster is not there yet.
type refusing struct {
	mu   sync.Mutex
	seen map[string]int
}

func (r *refusing) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		body, _ = io.ReadAll(req.Body)
		req.Body = io.NopCloser(strings.NewReader(string(body)))
	}
	r.mu.Lock()
	r.seen[req.Method+req.URL.Path+string(body)]++
	n := r.seen[req.Method+req.URL.Path+string(body)]
	r.mu.Unlock()
	switch n {
	case 1:
		return nil, syscall.ECONNREFUSED
	case 2:
		status := []int{http.StatusTooManyRequests, http.StatusServiceUnavailable}[len(req.URL.Path)%2]
		return &http.Response{
			StatusCode: status, Header: http.Header{"X-Elastic-Product": {"Elasticsearch"}}, Request: req,
			Body: io.NopCloser(strings.NewReader(`{"error":{"type":"cluster_block_exception","reason":"state not recovered"}}`)),
		}, nil
	}
	return http.DefaultTransport.RoundTrip(req)
}

// TestPatience sets up a server that at first refuses every request twice.
func TestPatience(t *testing.T) {
	var mu sync.Mutex
	var told []string
	x, err := Open(Config{
		Addresses: []string{servers.Elasticsearch(t)}, Prefix: strings.ToLower(servers.Name("t")), MinBackoff: time.Millisecond, MaxBackoff: time.Millisecond,
		Transport: &refusing{seen: map[string]int{}}, Patience: time.Minute,
		Notify: func(err error) {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, err.Error())
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	changes, err := x.Setup(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range changes {
		if c.Done != created {
			t.Errorf("%s is %s", c.Name, c.Done)
		}
	}
	for _, want := range []string{"connection refused: trying again for 1m0s", "elasticsearch answers 429 cluster_block_exception: state not recovered: it has more to do", "answers 503"} {
		if !slices.ContainsFunc(told, func(s string) bool { return strings.Contains(s, want) }) {
			t.Errorf("nothing told has %q: %q", want, told)
		}
	}
}

// TestPatienceEnds: it ends with its time, and does not begin where nothing will be otherwise.
func TestPatienceEnds(t *testing.T) {
	asked, status := 0, 0
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked++
		w.WriteHeader(status)
	}))
	defer s.Close()
	try := func(cfg Config) (int, error) {
		t.Helper()
		asked = 0
		cfg.Addresses, cfg.MinBackoff, cfg.MaxBackoff = []string{s.URL}, 20*time.Millisecond, 20*time.Millisecond
		x, err := Open(cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer x.Close()
		_, err = x.Setup(t.Context())
		return asked, err
	}
	var answer *StatusError
	status = http.StatusServiceUnavailable
	began := time.Now()
	if n, err := try(Config{Insecure: true, Patience: 200 * time.Millisecond}); n < 3 || !errors.As(err, &answer) || answer.Status != status || time.Since(began) > 10*time.Second {
		t.Errorf("asked %d times in %s: %v", n, time.Since(began), err)
	}
	if n, err := try(Config{Insecure: true}); n != 1 || !errors.As(err, &answer) {
		t.Errorf("without patience asked %d times: %v", n, err)
	}
	status = http.StatusUnauthorized
	if n, err := try(Config{Insecure: true, Patience: time.Minute}); n != 1 || !errors.As(err, &answer) {
		t.Errorf("with a wrong password asked %d times: %v", n, err)
	}
	began = time.Now()
	if _, err := try(Config{Patience: time.Minute}); err == nil || !strings.Contains(err.Error(), "certificate") || time.Since(began) > 10*time.Second {
		t.Errorf("with a certificate that is not trusted, after %s: %v", time.Since(began), err)
	}
}
