package web

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The most that a request may be. Questions are short; what is longer is no question.
const (
	maxURL  = 16 << 10
	maxBody = 1 << 20
)

// policy is the content security policy: nothing but what this server sends.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// secured puts the limits, the headers and the gate before a handler.
func (s *Server) secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		if r.URL.Path == "/healthz" { // for probes, which know no secret; it tells none
			next.ServeHTTP(w, r)
			return
		}
		if s.Loopback && !loopbackHost(r.Host) {
			s.refuse(w, r, http.StatusMisdirectedRequest, "This server only answers as localhost or 127.0.0.1.")
			return
		}
		if len(r.RequestURI) > maxURL {
			s.refuse(w, r, http.StatusRequestURITooLong, "The address is too long: shorten the query.")
			return
		}
		if ok, wait := s.limiter.allow(s.who(r)); !ok {
			h.Set("Retry-After", retryAfter(wait))
			s.refuse(w, r, http.StatusTooManyRequests, "Too many requests: wait a moment.")
			return
		}
		switch s.admitted(r) {
		case denied:
			h.Set("WWW-Authenticate", "Bearer")
			if wantsPage(r) {
				http.Redirect(w, r, "/login", http.StatusSeeOther)
				return
			}
			s.refuse(w, r, http.StatusUnauthorized, "A token is needed: Authorization: Bearer TOKEN.")
			return
		case unproxied:
			s.refuse(w, r, http.StatusForbidden, "This server is to be asked through its proxy.")
			return
		}
		select {
		case s.slots <- struct{}{}:
		case <-time.After(2 * time.Second):
			h.Set("Retry-After", "2")
			s.refuse(w, r, http.StatusServiceUnavailable, "Too many questions at once: try again.")
			return
		case <-r.Context().Done():
			return
		}
		defer func() { <-s.slots }()
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		next.ServeHTTP(w, r)
	})
}

// refuse answers in the form that was asked for.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, status int, detail string) {
	if strings.HasPrefix(r.URL.Path, "/api/") || !wantsPage(r) {
		writeProblem(w, problem{Status: status, Detail: detail})
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(detail + "\n")) // the client has gone, or it has not
}

func wantsPage(r *http.Request) bool {
	return r.Method == http.MethodGet && strings.Contains(r.Header.Get("Accept"), "text/html") && !strings.HasPrefix(r.URL.Path, "/api/")
}

func loopbackHost(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.Trim(host, "[]")
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// client is the address that a request comes from.
func client(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// who is whose requests are counted together: a user of the proxy's, else an address.
func (s *Server) who(r *http.Request) string {
	if s.ProxyHeader != "" && s.fromProxy(r) {
		return "user " + r.Header.Get(s.ProxyHeader)
	}
	return client(r)
}

type admission int

const (
	allowed admission = iota
	denied
	unproxied
)

// admitted says whether a request may ask anything.
func (s *Server) admitted(r *http.Request) admission {
	if s.ProxyHeader != "" {
		if r.Header.Get(s.ProxyHeader) == "" || !s.fromProxy(r) {
			return unproxied
		}
	}
	if s.Token == "" || r.URL.Path == "/login" || strings.HasPrefix(r.URL.Path, "/assets/") {
		return allowed
	}
	if t, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok && same(t, s.Token) {
		return allowed
	}
	if c, err := r.Cookie(cookieName); err == nil && same(c.Value, s.cookieValue()) {
		return allowed
	}
	return denied
}

func (s *Server) fromProxy(r *http.Request) bool {
	ip, err := netip.ParseAddr(client(r))
	if err != nil {
		return false
	}
	for _, p := range s.ProxyFrom {
		if p.Contains(ip.Unmap()) {
			return true
		}
	}
	return false
}

// same compares secrets in a time that tells nothing.
func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

const cookieName = "dateline"

// cookieValue stands for the token in the browser, which so never keeps the token itself.
func (s *Server) cookieValue() string {
	sum := sha256.Sum256([]byte("dateline cookie\x00" + s.Token))
	return hex.EncodeToString(sum[:])
}

func (s *Server) loginForm(w http.ResponseWriter, r *http.Request) {
	if s.Token == "" {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	s.render(w, r, http.StatusOK, "login", loginView{})
}

type loginView struct{ Wrong bool }

func (s *Server) login(w http.ResponseWriter, r *http.Request) {
	if s.Token == "" || !same(r.PostFormValue("token"), s.Token) {
		s.render(w, r, http.StatusForbidden, "login", loginView{Wrong: true})
		return
	}
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure where the page came by TLS: on this machine it may not
		Name: cookieName, Value: s.cookieValue(), Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode,
		Secure: r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https", MaxAge: 30 * 24 * 3600,
	})
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// limiter is a token bucket for each client.
type limiter struct {
	rate  float64
	burst float64
	now   func() time.Time

	mu      sync.Mutex
	buckets map[string]*bucket
}

type bucket struct {
	tokens float64
	last   time.Time
}

// maxBuckets bounds the memory that clients take; the full buckets go first, for they say nothing.
const maxBuckets = 10_000

func newLimiter(rate float64, burst int, now func() time.Time) *limiter {
	return &limiter{rate: rate, burst: float64(burst), now: now, buckets: map[string]*bucket{}}
}

// allow takes a token of the client's, or says how long it takes until there is one.
func (l *limiter) allow(client string) (bool, time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	b := l.buckets[client]
	if b == nil {
		if len(l.buckets) >= maxBuckets {
			l.sweep(now)
		}
		b = &bucket{tokens: l.burst, last: now}
		l.buckets[client] = b
	}
	b.tokens = min(l.burst, b.tokens+now.Sub(b.last).Seconds()*l.rate)
	b.last = now
	if b.tokens < 1 {
		return false, time.Duration((1 - b.tokens) / l.rate * float64(time.Second))
	}
	b.tokens--
	return true, 0
}

func (l *limiter) sweep(now time.Time) {
	for c, b := range l.buckets {
		if b.tokens+now.Sub(b.last).Seconds()*l.rate >= l.burst {
			delete(l.buckets, c)
		}
	}
	if len(l.buckets) >= maxBuckets { // so many at once: nobody's count is worth the memory
		clear(l.buckets)
	}
}

// retryAfter is a wait in whole seconds.
func retryAfter(d time.Duration) string { return strconv.Itoa(int(d.Seconds()) + 1) }
