package pipelinetest

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

// FaultProxy stands before an HTTP server and spoils a share of the requests, in the ways in which a
// cluster under load and the network before it do.
type FaultProxy struct {
	// URL is where it listens.
	URL string

	target string
	client *http.Client
	mu     sync.Mutex
	share  float64
	counts map[string]int
}

// NewFaultProxy listens before the server at the URL, until the test ends. The share is of the
// requests that are spoilt, 0 to 1.
func NewFaultProxy(t testing.TB, target string, share float64) *FaultProxy {
	t.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: 16}
	p := &FaultProxy{target: target, share: share, counts: map[string]int{}, client: &http.Client{Transport: transport}}
	s := httptest.NewServer(p)
	p.URL = s.URL
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
		transport.CloseIdleConnections()
	})
	return p
}

// Spoil spoils another share of the requests from now on.
func (p *FaultProxy) Spoil(share float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.share = share
}

// Heal lets all requests through from now on.
func (p *FaultProxy) Heal() { p.Spoil(0) }

// Counts counts requests by what was done to them; "passed" is nothing.
func (p *FaultProxy) Counts() map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := map[string]int{}
	for k, v := range p.counts {
		out[k] = v
	}
	return out
}

// The ways to spoil a request.
const (
	faultBusy   = "429, not done"
	faultDown   = "503, not done"
	faultLie    = "503, but done"
	faultSlow   = "slow"
	faultBefore = "cut before it was done"
	faultAfter  = "cut in the answer"
)

func (p *FaultProxy) choose() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	fault := "passed"
	if rand.Float64() < p.share {
		all := []string{faultBusy, faultDown, faultLie, faultSlow, faultBefore, faultAfter}
		fault = all[rand.IntN(len(all))]
	}
	p.counts[fault]++
	return fault
}

// ServeHTTP passes the request on, or spoils it.
func (p *FaultProxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	fault := p.choose()
	switch fault {
	case faultBusy:
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = io.WriteString(w, `{"error":{"type":"es_rejected_execution_exception","reason":"injected"},"status":429}`)
		return
	case faultDown:
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	case faultBefore:
		panic(http.ErrAbortHandler)
	case faultSlow:
		time.Sleep(time.Duration(200+rand.IntN(1500)) * time.Millisecond)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	req, err := http.NewRequestWithContext(r.Context(), r.Method, p.target+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	req.Header = r.Header.Clone()
	res, err := p.client.Do(req)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if fault == faultLie {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	for k, v := range res.Header {
		if k != "Content-Length" {
			w.Header()[k] = v
		}
	}
	w.WriteHeader(res.StatusCode)
	if fault == faultAfter {
		_, _ = w.Write(answer[:len(answer)/2])
		if f, ok := w.(http.Flusher); ok {
			f.Flush()
		}
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write(answer)
}
