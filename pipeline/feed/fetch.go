package feed

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/andybalholm/brotli"
)

// Errors that fetching wraps.
var (
	ErrTooBig    = errors.New("the answer is too big")
	ErrRedirects = errors.New("it redirects in circles")
	ErrRobots    = errors.New("robots.txt forbids it")
	// ErrCut is where an answer ended before its end. What came of it is not used: the next poll
	// fetches it whole.
	ErrCut = errors.New("the answer was cut short")
)

// StatusError is an answer that is neither 2xx nor 304.
type StatusError struct {
	Code int
	// RetryAfter is how long the server wants to be left alone; 0 where it didn't say.
	RetryAfter time.Duration
}

func (e *StatusError) Error() string {
	s := fmt.Sprintf("the server answers %d %s", e.Code, http.StatusText(e.Code))
	if e.RetryAfter > 0 {
		s += fmt.Sprintf(", try again in %s", e.RetryAfter.Round(time.Second))
	}
	return s
}

// temporary reports whether another try may succeed where err stands.
func temporary(err error) bool {
	var status *StatusError
	var cert *tls.CertificateVerificationError
	var permanent permanentError
	switch {
	case errors.As(err, &status):
		return status.Code >= 500 || status.Code == http.StatusTooManyRequests || status.Code == http.StatusRequestTimeout
	case errors.Is(err, ErrTooBig), errors.Is(err, ErrRedirects), errors.Is(err, ErrRobots), errors.Is(err, ErrPrivate), errors.As(err, &cert), errors.As(err, &permanent):
		return false
	}
	return true
}

const (
	maxRedirects  = 5
	maxRetryAfter = 24 * time.Hour
	// maxEncodings is how often an answer may be packed: each takes tens of kilobytes to undo, and a
	// header could name thousands.
	maxEncodings = 3
	// acceptEncoding is set by hand, for net/http knows no brotli and bounds nothing.
	acceptEncoding = "gzip, br"
)

// web fetches, within all limits.
type web struct {
	config Config
	client *http.Client
	hosts  *hosts
}

func newWeb(c Config) *web {
	d := dialer(c.AllowPrivate)
	t := &http.Transport{
		DialContext: d.DialContext, TLSHandshakeTimeout: c.Timeout, ResponseHeaderTimeout: c.Timeout,
		MaxIdleConnsPerHost: 2, MaxIdleConns: 64, IdleConnTimeout: 30 * time.Second, DisableCompression: true,
		MaxResponseHeaderBytes: 64 << 10, ForceAttemptHTTP2: true,
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: c.RootCAs},
	}
	if c.AllowPrivate {
		// A proxy resolves names by itself, out of the guard's sight.
		t.Proxy = http.ProxyFromEnvironment
	}
	w := &web{config: c, client: &http.Client{
		Transport:     t,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // each hop is checked by us
	}}
	w.hosts = newHosts(c, w)
	return w
}

func (w *web) close() { w.client.CloseIdleConnections() }

// answer is what a server said.
type answer struct {
	body        []byte
	contentType string
	// url is where it came from in the end; moved is the same where all redirects on the way were
	// permanent ones, and else empty.
	url, moved         string
	etag, lastModified string
	unchanged          bool // 304
}

// question is what to fetch.
type question struct {
	url                string
	etag, lastModified string
	accept             string
	limit              int64
	robots             bool // ask robots.txt first
}

// get fetches, and follows redirects.
func (w *web) get(ctx context.Context, q question) (*answer, error) {
	u, err := url.Parse(q.url)
	if err != nil {
		return nil, fmt.Errorf("not an address: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	permanent := true
	for hop := 0; ; hop++ {
		if err := checkURL(ctx, u, w.config.AllowPrivate); err != nil {
			return nil, err
		}
		if q.robots && !w.config.IgnoreRobots {
			if err := w.hosts.allowed(ctx, u); err != nil {
				return nil, err
			}
		}
		a, next, err := w.hop(ctx, u, q)
		if err != nil {
			return nil, err
		}
		if next == nil {
			a.url = u.String()
			if permanent && hop > 0 {
				a.moved = a.url
			}
			return a, nil
		}
		if hop == maxRedirects {
			return nil, fmt.Errorf("%w: gave up after %d redirects, at %s", ErrRedirects, hop, u.Redacted())
		}
		permanent = permanent && next.permanent
		u = next.url
	}
}

type redirect struct {
	url       *url.URL
	permanent bool
}

// hop is one request, under its host's limit.
func (w *web) hop(ctx context.Context, u *url.URL, q question) (*answer, *redirect, error) {
	release, err := w.hosts.acquire(ctx, u)
	if err != nil {
		return nil, nil, err
	}
	defer release()
	ctx, cancel := context.WithTimeoutCause(ctx, w.config.Timeout, fmt.Errorf("%w within %s", errSlow, w.config.Timeout))
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, nil, fmt.Errorf("not an address: %w", err)
	}
	req.Header.Set("User-Agent", w.config.UserAgent)
	req.Header.Set("Accept", cmp.Or(q.accept, "*/*"))
	req.Header.Set("Accept-Encoding", acceptEncoding)
	if q.etag != "" {
		req.Header.Set("If-None-Match", q.etag)
	}
	if q.lastModified != "" {
		req.Header.Set("If-Modified-Since", q.lastModified)
	}
	resp, err := w.client.Do(req)
	if err != nil {
		return nil, nil, fetchError(ctx, err)
	}
	defer func() {
		// The rest of a small answer is read, so that the connection can be used again.
		_, _ = io.CopyN(io.Discard, resp.Body, 4<<10)
		_ = resp.Body.Close() // it was only read
	}()
	switch code := resp.StatusCode; {
	case code == http.StatusNotModified:
		return &answer{unchanged: true}, nil, nil
	case code == http.StatusMovedPermanently, code == http.StatusFound, code == http.StatusSeeOther,
		code == http.StatusTemporaryRedirect, code == http.StatusPermanentRedirect:
		next, err := u.Parse(resp.Header.Get("Location"))
		if err != nil || resp.Header.Get("Location") == "" {
			return nil, nil, fmt.Errorf("it redirects (%d) to no address: %q", code, resp.Header.Get("Location"))
		}
		next.Fragment = ""
		return nil, &redirect{next, code == http.StatusMovedPermanently || code == http.StatusPermanentRedirect}, nil
	case code < 200 || code > 299:
		status := &StatusError{Code: code, RetryAfter: retryAfter(resp.Header.Get("Retry-After"), w.config.Now())}
		if status.RetryAfter > 0 && (code == http.StatusTooManyRequests || code == http.StatusServiceUnavailable) {
			w.hosts.pause(u, status.RetryAfter)
		}
		return nil, nil, status
	}
	body, err := readBody(resp, q.limit)
	if err != nil {
		return nil, nil, fetchError(ctx, err)
	}
	return &answer{
		body: body, contentType: resp.Header.Get("Content-Type"),
		etag: resp.Header.Get("ETag"), lastModified: resp.Header.Get("Last-Modified"),
	}, nil, nil
}

// fetchError says in the user's words what went wrong.
func fetchError(ctx context.Context, err error) error {
	var unknown x509.UnknownAuthorityError
	var dns *net.DNSError
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("fetch: %w", context.Cause(ctx))
	case errors.As(err, &unknown):
		return fmt.Errorf("fetch: its certificate is signed by no authority that is trusted here: %w", err)
	case errors.As(err, &dns):
		return fmt.Errorf("fetch: the name %s can't be resolved: %w", dns.Name, err)
	}
	return fmt.Errorf("fetch: %w", err)
}

// retryAfter reads the header: seconds, or a date (RFC 9110, 10.2.3).
func retryAfter(s string, now time.Time) time.Duration {
	d := time.Duration(0)
	if n, err := strconv.Atoi(strings.TrimSpace(s)); err == nil {
		d = time.Duration(min(max(n, 0), int(maxRetryAfter/time.Second))) * time.Second
	} else if t, err := http.ParseTime(s); err == nil {
		d = t.Sub(now)
	}
	return min(max(d, 0), maxRetryAfter)
}

// readBody reads and unpacks. The limit is on what comes out, so that a small answer which unpacks
// to a huge one (a gzip bomb) is given up at the limit.
func readBody(resp *http.Response, limit int64) ([]byte, error) {
	r := io.Reader(resp.Body)
	// Files of .gz are often sent as such, besides or without the header that says so: unpack by
	// what they are.
	encodings := strings.Split(strings.ToLower(resp.Header.Get("Content-Encoding")), ",")
	if len(encodings) > maxEncodings {
		return nil, fmt.Errorf("%w: it is packed %d times over, and at most %d are unpacked", ErrTooBig, len(encodings), maxEncodings)
	}
	for _, encoding := range encodings {
		switch strings.TrimSpace(encoding) {
		case "", "identity":
		case "gzip", "x-gzip":
			gz, err := gzip.NewReader(r)
			if err != nil {
				return nil, fmt.Errorf("unpack: %w", cut(err))
			}
			r = gz
		case "br":
			r = brotli.NewReader(r)
		default:
			return nil, fmt.Errorf("it is packed as %q, which was not asked for", encoding)
		}
	}
	b, err := readLimited(r, limit)
	if err != nil {
		return nil, err
	}
	if bytes.HasPrefix(b, []byte{0x1f, 0x8b}) {
		gz, err := gzip.NewReader(bytes.NewReader(b))
		if err != nil {
			return nil, fmt.Errorf("unpack: %w", cut(err))
		}
		return readLimited(gz, limit)
	}
	return b, nil
}

func readLimited(r io.Reader, limit int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if int64(len(b)) > limit {
		return nil, fmt.Errorf("%w: over %d bytes", ErrTooBig, limit)
	}
	if err != nil {
		return nil, fmt.Errorf("after %d bytes: %w", len(b), cut(err))
	}
	return b, nil
}

// cut marks an early end.
func cut(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: %w", ErrCut, err)
	}
	return err
}
