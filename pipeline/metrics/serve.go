package metrics

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Check says whether one end of the pipeline can be reached.
type Check struct {
	// Name is what is checked: "kafka", "elasticsearch".
	Name string
	// Do returns an error where it can't be reached. It is called with a context of CheckTimeout, and
	// not more often than every checkPace.
	Do func(context.Context) error
}

// CheckTimeout bounds a check.
const CheckTimeout = 5 * time.Second

// checkPace is how long an answer of the checks holds: whoever asks in a tight loop must not burden
// the servers.
const checkPace = 2 * time.Second

// ServerConfig configures a Server.
type ServerConfig struct {
	// Addr is host:port to listen on; port 0 takes a free one.
	Addr string
	// Pprof adds Go's profiles at /debug/pprof.
	Pprof bool
	// Checks must all succeed for /readyz to answer 200. None: ready at once.
	Checks []Check
}

// Server answers:
//
//	/metrics      Prometheus' text format
//	/healthz      200 while the process lives: a server that is down is no reason to restart a worker
//	/readyz       200 while all checks succeed, else 503; JSON with the outcome of each
//	/debug/pprof  Go's profiles, where asked for
type Server struct {
	listener net.Listener
	http     *http.Server
	done     chan struct{}
}

// Serve listens and answers in the background. The caller closes the server.
func (m *Metrics) Serve(cfg ServerConfig) (*Server, error) {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", cfg.Addr)
	if err != nil {
		return nil, fmt.Errorf("listen for metrics on %q: %w", cfg.Addr, err)
	}
	s := &Server{
		listener: l, done: make(chan struct{}),
		http: &http.Server{Handler: m.handler(cfg), ReadHeaderTimeout: 10 * time.Second},
	}
	go func() {
		defer close(s.done)
		_ = s.http.Serve(l) // http.ErrServerClosed; a listener that broke shows at the next scrape
	}()
	return s, nil
}

// Addr is host:port of the listener.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Close ends the server, after a moment for requests that are being answered.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = s.http.Close()
	}
	<-s.done
	return err
}

func (m *Metrics) handler(cfg ServerConfig) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, status{Status: "alive"}) })
	ready := &readiness{checks: cfg.Checks}
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		s, ok := ready.ask(r.Context())
		code := http.StatusOK
		if !ok {
			code = http.StatusServiceUnavailable
		}
		answer(w, code, s)
	})
	if cfg.Pprof {
		mux.HandleFunc("/debug/pprof/", pprof.Index)
		mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
		mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	}
	return mux
}

// status is what /healthz and /readyz answer.
type status struct {
	Status string            `json:"status"`
	Checks map[string]string `json:"checks,omitempty"`
}

func answer(w http.ResponseWriter, code int, s status) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(s) // whoever asked has gone
}

// readiness remembers the outcome of the checks for checkPace.
type readiness struct {
	checks []Check

	mu   sync.Mutex
	till time.Time
	last status
	ok   bool
}

func (r *readiness) ask(ctx context.Context) (status, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if time.Now().Before(r.till) {
		return r.last, r.ok
	}
	outcomes := make([]string, len(r.checks))
	var wg sync.WaitGroup
	// Whoever asks may hang up; the answer is for the next one too.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), CheckTimeout)
	defer cancel()
	for i, c := range r.checks {
		wg.Go(func() {
			outcomes[i] = "ok"
			if err := c.Do(ctx); err != nil {
				outcomes[i] = err.Error()
			}
		})
	}
	wg.Wait()
	r.last, r.ok = status{Status: "ready", Checks: map[string]string{}}, true
	for i, c := range r.checks {
		r.last.Checks[c.Name] = outcomes[i]
		if outcomes[i] != "ok" {
			r.last.Status, r.ok = "not ready", false
		}
	}
	r.till = time.Now().Add(checkPace)
	return r.last, r.ok
}
